package bmc

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/bougou/go-ipmi/pkg/client"
	"github.com/bougou/go-ipmi/pkg/command/storage"
	"github.com/bougou/go-ipmi/pkg/types"

	"ringside/backends/fleet"
)

const (
	firstEntry = 0x0000
	lastEntry  = 0xffff
	maxEntries = 16_000 // more than any log holds; a chain that never ends stops here
)

// events reads the end of the log. Entries lead only to the next one, and a log
// of thousands would take minutes, so the walk begins that many entries before the last
// one when there is an entry of that number, as most BMCs count without gaps.
func (d *ipmi) events(ctx context.Context, most int) ([]Event, error) {
	cache, err := d.records(ctx)
	switch {
	case err != nil && troubleOf(err) == Unsupported:
		cache = &sdrCache{} // no names then
	case err != nil:
		return nil, err
	}
	last, _, err := d.entry(ctx, lastEntry)
	if err != nil {
		if answered(err, types.CodeRequestedDataNotPresent) { // the log is empty
			return nil, nil
		}
		return nil, err
	}
	start := uint16(firstEntry)
	if last != nil && int(last.RecordID) > most {
		start = last.RecordID - uint16(most) + 1
	}
	chain, err := d.chain(ctx, start)
	if err != nil && start != firstEntry && answered(err, types.CodeRequestedDataNotPresent, types.CodeParameterOutOfRange, types.CodeRequestDataFieldInvalid) {
		chain, err = d.chain(ctx, firstEntry)
	}
	if err != nil {
		return nil, err
	}
	chain = chain[len(chain)-min(len(chain), most):]
	out := make([]Event, 0, len(chain))
	for _, e := range slices.Backward(chain) {
		out = append(out, cache.event(e))
	}
	return out, nil
}

// answered says whether an error is an answer of the BMC with one of these codes.
func answered(err error, codes ...types.CompletionCode) bool {
	var a *types.ResponseError
	return errors.As(err, &a) && slices.Contains(codes, a.CompletionCode())
}

// chain reads entries from id to the end.
func (d *ipmi) chain(ctx context.Context, id uint16) ([]*types.SEL, error) {
	var out []*types.SEL
	for range maxEntries {
		e, next, err := d.entry(ctx, id)
		if err != nil {
			return nil, err
		}
		if e != nil {
			out = append(out, e)
		}
		if next == lastEntry || next == id {
			break
		}
		id = next
	}
	return out, nil
}

// entry reads one entry; nil when it cannot be taken apart.
func (d *ipmi) entry(ctx context.Context, id uint16) (e *types.SEL, next uint16, err error) {
	err = d.read(ctx, func(ctx context.Context, c *client.Client) error {
		var r storage.GetSELEntryResponse
		if err := c.Exchange(ctx, &storage.GetSELEntryRequest{RecordID: id, ReadBytes: 0xff}, &r); err != nil {
			return err
		}
		next = r.NextRecordID
		if e, err = types.ParseSEL(r.Data); err != nil {
			e = nil
		}
		return nil
	})
	return e, next, err
}

func (c *sdrCache) event(e *types.SEL) Event {
	out := Event{ID: fmt.Sprintf("%04x", e.RecordID)}
	switch {
	case e.Standard != nil:
		s := e.Standard
		out.At = eventTime(s.Timestamp)
		out.Sensor = c.names[sensorKey{s.GeneratorID, uint8(s.SensorNumber)}]
		if out.Sensor == "" {
			out.Sensor = fmt.Sprintf("%s #%d", s.SensorType, uint8(s.SensorNumber))
		}
		out.Text = eventText(s.EventReadingType, s.SensorType, s.EventData) + c.crossed(s)
		if s.EventDir {
			out.Text += ", over"
		}
		out.Severity = severities[s.EventSeverity()]
	case e.OEMTimestamped != nil:
		out.At = eventTime(e.OEMTimestamped.Timestamp)
		out.Text = fmt.Sprintf("vendor event %02x: % x", uint8(e.RecordType), e.OEMTimestamped.OEMDefined)
	case e.OEMNonTimestamped != nil:
		out.Text = fmt.Sprintf("vendor event %02x: % x", uint8(e.RecordType), e.OEMNonTimestamped.OEM)
	}
	return out
}

// severities are ours for those of FreeIPMI's table. Info is told of events that
// the table does not know as well.
var severities = map[types.EventSeverity]Health{
	types.EventSeverityOK: OK, types.EventSeverityWarning: Warning, types.EventSeverityDegraded: Warning,
	types.EventSeverityNonFatal: Warning, types.EventSeverityCritical: Critical,
}

// eventTime is zero for times that are no date: not told, or counted from the
// start of a BMC whose clock was not set (section 37).
func eventTime(t time.Time) time.Time {
	const sinceStart, notTold = 0x20000000, 0xffffffff
	if s := t.Unix(); s <= sinceStart || s == notTold {
		return time.Time{}
	}
	return t.UTC()
}

// eventText says what an event or the state of a discrete sensor is (tables 42-2
// and 42-3).
func eventText(class types.EventReadingType, typ types.SensorType, data types.EventData) string {
	if e := class.EventForOffset(typ, data.EventReadingOffset()); e != nil {
		if t := strings.TrimSpace(fleet.Clean(e.EventName)); t != "" {
			return t
		}
	}
	return fmt.Sprintf("state %d of type %02x", data.EventReadingOffset(), uint8(class))
}

// crossed adds the reading and the threshold that it crossed, where the event
// holds them (section 29.7).
func (c *sdrCache) crossed(s *types.SELStandard) string {
	if !s.EventReadingType.IsThreshold() {
		return ""
	}
	i := slices.IndexFunc(c.sensors, func(r sensorRecord) bool {
		return r.key == sensorKey{s.GeneratorID, uint8(s.SensorNumber)} && r.full != nil
	})
	const reading, threshold = 0x40, 0x10
	if i < 0 || s.EventData.EventData1&0xc0 != reading {
		return ""
	}
	r := c.sensors[i]
	unit := unitOf(r.unit)
	text := fmt.Sprintf(" (%.4g %s", r.full.ConvertReading(s.EventData.EventData2), unit)
	if s.EventData.EventData1&0x30 == threshold {
		text += fmt.Sprintf(", limit %.4g %s", r.full.ConvertReading(s.EventData.EventData3), unit)
	}
	return text + ")"
}
