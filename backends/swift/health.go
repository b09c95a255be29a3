package swift

import (
	"bytes"
	"cmp"
	"context"
	"crypto/rand"
	"io"
	"strings"
	"time"

	"github.com/gophercloud/gophercloud/v2"
	"github.com/gophercloud/gophercloud/v2/openstack/objectstorage/v1/containers"
	"github.com/gophercloud/gophercloud/v2/openstack/objectstorage/v1/objects"
)

// HealthCheck is an object that was written, read back and deleted.
type HealthCheck struct {
	Policy    string // "" for the default one
	Container string // stays in the account, empty
	Object    string
	At        time.Time
	Put, Get  time.Duration
	Delete    time.Duration
	Left      string // why the object could not be deleted, "" when it was; it expires within an hour
}

const (
	healthBytes  = 4096
	healthExpiry = 3600 // seconds
)

// CheckObject writes an object of 4 KiB with a storage policy ("" is the default
// one), reads it back, compares it and deletes it. It changes the account: a
// container "ringside-health" (with a policy: "ringside-health-POLICY") is made when
// it is not there, and stays. The object expires by itself within an hour should the
// deletion fail.
func (c *Cluster) CheckObject(ctx context.Context, policy string) (*HealthCheck, error) {
	if err := c.hasLogin(); err != nil {
		return nil, err
	}
	h := &HealthCheck{Policy: policy, Container: "ringside-health", At: time.Now()}
	if policy != "" {
		h.Container += "-" + strings.ToLower(policy)
	}
	h.Object = "check-" + rand.Text()
	want := make([]byte, healthBytes)
	_, _ = rand.Read(want) // never fails
	s := &c.api.session
	if err := s.do(ctx, "make container "+h.Container, func(ctx context.Context, sc *gophercloud.ServiceClient) error {
		return containers.Create(ctx, sc, h.Container, containers.CreateOpts{StoragePolicy: policy}).Err
	}); err != nil {
		return nil, err
	}
	took := func(d *time.Duration, op string, call func(context.Context, *gophercloud.ServiceClient) error) error {
		began := time.Now()
		err := s.do(ctx, op+" "+h.Container+"/"+h.Object, call)
		*d = time.Since(began)
		return err
	}
	err := took(&h.Put, "write", func(ctx context.Context, sc *gophercloud.ServiceClient) error {
		return objects.Create(ctx, sc, h.Container, h.Object, objects.CreateOpts{Content: bytes.NewReader(want), DeleteAfter: healthExpiry}).Err
	})
	if err != nil {
		return nil, err
	}
	err = took(&h.Get, "read back", func(ctx context.Context, sc *gophercloud.ServiceClient) error {
		res := objects.Download(ctx, sc, h.Container, h.Object, objects.DownloadOpts{Newest: true})
		if res.Err != nil {
			return res.Err
		}
		defer res.Body.Close()
		got, err := io.ReadAll(io.LimitReader(res.Body, healthBytes+1))
		if err == nil && !bytes.Equal(got, want) {
			err = &reason{Garbled, "what came back is not what was written", "stop writing to this cluster and find out why"}
		}
		return err
	})
	left := took(&h.Delete, "delete", func(ctx context.Context, sc *gophercloud.ServiceClient) error {
		return objects.Delete(ctx, sc, h.Container, h.Object, nil).Err
	})
	if left != nil {
		h.Left = cmp.Or(left.Error(), "unknown")
	}
	if err != nil {
		return nil, err
	}
	return h, nil
}
