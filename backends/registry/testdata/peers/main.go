// Peers copies one image with another library, for a comparison in one run:
//
//	peers crane|regclient SOURCE TARGET
//
// It prints the seconds that the copy took, the start of the program not included.
package main

import (
	"context"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/google/go-containerregistry/pkg/crane"
	"github.com/regclient/regclient"
	"github.com/regclient/regclient/config"
	"github.com/regclient/regclient/scheme/reg"
	"github.com/regclient/regclient/types/ref"
)

func main() {
	if err := run(os.Args[1], os.Args[2], os.Args[3]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(by, source, target string) error {
	began := time.Now()
	copier := map[string]func(string, string) error{"crane": byCrane, "regclient": byRegclient}[by]
	if err := copier(source, target); err != nil {
		return err
	}
	fmt.Printf("%.3f\n", time.Since(began).Seconds())
	return nil
}

func byCrane(source, target string) error { return crane.Copy(source, target, crane.Insecure) }

func byRegclient(source, target string) error {
	ctx := context.Background()
	var hosts []config.Host
	for _, name := range []string{source, target} {
		host, _, _ := strings.Cut(name, "/")
		h := config.HostNewName(host)
		h.TLS, h.ReqConcurrent = config.TLSDisabled, 10
		hosts = append(hosts, *h)
	}
	rc := regclient.New(regclient.WithConfigHost(hosts...), regclient.WithRegOpts(reg.WithDelay(200*time.Millisecond, 3*time.Second)))
	src, err := ref.New(source)
	if err != nil {
		return err
	}
	dst, err := ref.New(target)
	if err != nil {
		return err
	}
	defer rc.Close(ctx, src)
	return rc.ImageCopy(ctx, src, dst)
}
