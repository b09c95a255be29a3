package swift

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"io"
	"strings"
	"time"

	"github.com/gophercloud/gophercloud/v2"
	"github.com/gophercloud/gophercloud/v2/openstack/objectstorage/v1/containers"
	"github.com/gophercloud/gophercloud/v2/openstack/objectstorage/v1/objects"
)

// TestObject is an object that is written, read back and deleted to see whether a
// cluster does that. Its name says what is in it, so that whoever finds it after an
// accident can tell whether it is whole.
type TestObject struct {
	Policy    string `json:"policy,omitempty"` // "" for the default one
	Container string `json:"container"`        // made when it is not there, and stays
	Name      string `json:"object"`
}

const (
	testBytes  = 4096
	testExpiry = 3600 // seconds
)

// NewTestObject names an object that nobody has, in the container "ringside-health"
// (with a policy: "ringside-health-POLICY").
func NewTestObject(policy string) TestObject {
	o := TestObject{Policy: policy, Container: "ringside-health", Name: "check-" + rand.Text()}
	if policy != "" {
		o.Container += "-" + strings.ToLower(policy)
	}
	return o
}

// Path is "container/object".
func (o TestObject) Path() string { return o.Container + "/" + o.Name }

// content is 4 KiB that only the name decides.
func (o TestObject) content() []byte {
	out := make([]byte, 0, testBytes)
	for sum := sha256.Sum256([]byte(o.Name)); len(out) < testBytes; sum = sha256.Sum256(sum[:]) {
		out = append(out, sum[:]...)
	}
	return out
}

// WriteTest makes the container of a test object where there is none, and writes the
// object. It expires by itself within an hour should it never be deleted. took is
// the time of the write alone.
func (c *Cluster) WriteTest(ctx context.Context, o TestObject) (took time.Duration, err error) {
	err = c.ask(ctx, "make container "+o.Container, func(ctx context.Context, sc *gophercloud.ServiceClient) error {
		return containers.Create(ctx, sc, o.Container, containers.CreateOpts{StoragePolicy: o.Policy}).Err
	})
	if err != nil {
		return 0, err
	}
	began := time.Now()
	err = c.ask(ctx, "write "+o.Path(), func(ctx context.Context, sc *gophercloud.ServiceClient) error {
		return objects.Create(ctx, sc, o.Container, o.Name, objects.CreateOpts{Content: bytes.NewReader(o.content()), DeleteAfter: testExpiry}).Err
	})
	return time.Since(began), err
}

// HasTest reports whether the cluster has a test object, whatever is in it.
func (c *Cluster) HasTest(ctx context.Context, o TestObject) (bool, error) {
	there := false
	err := c.ask(ctx, "look for "+o.Path(), func(ctx context.Context, sc *gophercloud.ServiceClient) error {
		_, err := download(ctx, sc, o)
		if there = err == nil; gophercloud.ResponseCodeIs(err, 404) {
			return nil
		}
		return err
	})
	return there, err
}

// ReadTest reads a test object back and compares it with what was written.
func (c *Cluster) ReadTest(ctx context.Context, o TestObject) (took time.Duration, err error) {
	began := time.Now()
	err = c.ask(ctx, "read back "+o.Path(), func(ctx context.Context, sc *gophercloud.ServiceClient) error {
		got, err := download(ctx, sc, o)
		if err == nil && !bytes.Equal(got, o.content()) {
			err = &reason{Garbled, "what came back is not what was written", "stop writing to this cluster and find out why"}
		}
		return err
	})
	return time.Since(began), err
}

// DeleteTest deletes a test object; one that is gone already is no error.
func (c *Cluster) DeleteTest(ctx context.Context, o TestObject) (took time.Duration, err error) {
	began := time.Now()
	err = c.ask(ctx, "delete "+o.Path(), func(ctx context.Context, sc *gophercloud.ServiceClient) error {
		err := objects.Delete(ctx, sc, o.Container, o.Name, nil).Err
		if gophercloud.ResponseCodeIs(err, 404) {
			return nil
		}
		return err
	})
	return time.Since(began), err
}

// ask calls the API with the cluster's login.
func (c *Cluster) ask(ctx context.Context, op string, call func(context.Context, *gophercloud.ServiceClient) error) error {
	if err := c.hasLogin(); err != nil {
		return err
	}
	return c.api.session.do(ctx, op, call)
}

// download reads the newest copy that the cluster finds. It is a GET where a HEAD
// would do: Swift 2.30 sends a stray chunk after the answer to a HEAD of what is not
// there, which costs the connection.
func download(ctx context.Context, sc *gophercloud.ServiceClient, o TestObject) ([]byte, error) {
	res := objects.Download(ctx, sc, o.Container, o.Name, objects.DownloadOpts{Newest: true})
	if res.Err != nil {
		return nil, res.Err
	}
	defer res.Body.Close()
	return io.ReadAll(io.LimitReader(res.Body, testBytes+1))
}
