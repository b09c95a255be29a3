package swift

import (
	"bufio"
	"bytes"
	"compress/flate"
	"compress/gzip"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"hash/crc32"
	"io"
)

// WriteV1 writes the ring as a .ring.gz file of format 1, as all versions of
// Swift since 1.8 read it. Equal rings give equal bytes.
func (r *Ring) WriteV1(w io.Writer) error {
	header := map[string]any{
		"byteorder": "little", "devs": r.Devices, "part_shift": 32 - r.PartPower, "replica_count": len(r.Rows), "version": r.Version,
	}
	if r.NextPartPower > 0 {
		header["next_part_power"] = r.NextPartPower
	}
	text, err := json.Marshal(header)
	if err != nil {
		return err
	}
	z := gzip.NewWriter(w)
	b := bufio.NewWriterSize(z, 64<<10)
	b.WriteString("R1NG\x00\x01")
	b.Write(binary.BigEndian.AppendUint32(nil, uint32(len(text))))
	b.Write(text)
	for _, row := range r.Rows {
		for _, id := range row {
			b.Write([]byte{byte(id), byte(id >> 8)})
		}
	}
	if err := b.Flush(); err != nil {
		return err
	}
	return z.Close()
}

// WriteV2 writes the ring as a .ring.gz file of format 2, which Swift knows since
// 2.36: sections that can be unpacked one by one, and an index of them.
func (r *Ring) WriteV2(w io.Writer) error {
	f := &fileV2{}
	f.packed.WriteString("\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\xff")
	if err := f.flush(flate.NoCompression, []byte("R1NG\x00\x02")); err != nil {
		return err
	}
	metadata := map[string]any{"dev_id_bytes": 2, "part_shift": 32 - r.PartPower, "version": r.Version}
	if r.NextPartPower > 0 {
		metadata["next_part_power"] = r.NextPartPower
	}
	var ids []byte
	for _, row := range r.Rows {
		for _, id := range row {
			ids = binary.BigEndian.AppendUint16(ids, id)
		}
	}
	index := map[string][6]any{}
	for _, s := range []struct {
		name string
		json any
		raw  []byte
	}{{"swift/ring/metadata", metadata, nil}, {"swift/ring/devices", r.Devices, nil}, {"swift/ring/assignments", nil, ids}} {
		text := s.raw
		if s.json != nil {
			var err error
			if text, err = json.Marshal(s.json); err != nil {
				return err
			}
		}
		blob := blobV2(text)
		sum := sha256.Sum256(blob)
		packed, plain := f.packed.Len(), f.plain
		if err := f.flush(flate.BestCompression, blob); err != nil {
			return err
		}
		index[s.name] = [6]any{packed, plain, f.packed.Len(), f.plain, "sha256", hex.EncodeToString(sum[:])}
	}
	text, err := json.Marshal(index)
	if err != nil {
		return err
	}
	packed, plain := f.packed.Len(), f.plain
	if err := f.flush(flate.BestCompression, blobV2(text)); err != nil {
		return err
	}
	for _, at := range []int{plain, packed} {
		if err := f.flush(flate.NoCompression, binary.BigEndian.AppendUint64(nil, uint64(at))); err != nil {
			return err
		}
	}
	f.packed.WriteString("\x01\x00\x00\xff\xff") // the last block, empty
	f.packed.Write(binary.LittleEndian.AppendUint32(nil, f.sum))
	f.packed.Write(binary.LittleEndian.AppendUint32(nil, uint32(f.plain)))
	_, err = f.packed.WriteTo(w)
	return err
}

// blobV2 puts the length before the data.
func blobV2(data []byte) []byte {
	return append(binary.BigEndian.AppendUint64(nil, uint64(len(data))), data...)
}

// fileV2 is a gzip file in the making: how long it is, packed and plain.
type fileV2 struct {
	packed bytes.Buffer
	plain  int
	sum    uint32
}

// flush packs data so that a reader can begin after it: a new compressor knows
// nothing of what came before.
func (f *fileV2) flush(level int, data []byte) error {
	z, err := flate.NewWriter(&f.packed, level)
	if err != nil {
		return err
	}
	f.plain += len(data)
	f.sum = crc32.Update(f.sum, crc32.IEEETable, data)
	if _, err := z.Write(data); err != nil {
		return err
	}
	return z.Flush()
}
