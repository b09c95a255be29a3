package registry

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"ringside/backends/fleet"
	lab "ringside/backends/lab/registry"
)

// Wherever one connection breaks, the copy goes on: a download where it stood, an
// upload with its blob, and what is sent for nothing is less than a blob.
func TestCuts(t *testing.T) {
	const size = 600 * kib
	for _, forgets := range []bool{false, true} {
		for _, up := range []bool{false, true} {
			for at := int64(50 * kib); at < 6*size; at += 777 * kib {
				t.Run(fmt.Sprintf("up=%v forgets=%v at=%d", up, forgets, at), func(t *testing.T) {
					t.Parallel()
					r := newRig(t, lab.Options{}, lab.Options{Forgets: forgets})
					r.push("team/web", "1", size)
					if up {
						r.b.CutUp(at)
					} else {
						r.a.CutDown(at)
					}
					res := r.copy(r.copier(Options{}), "team/web", "1")
					sent, received := r.b.Counts().Up, r.a.Counts().Down
					const least = 6*size + 1500 // configurations
					const slack = 10 * firstPart
					if up && (res.Retries == 0 || sent > least+size+slack) || !up && (sent > least+10*kib || received > least+20*kib) {
						t.Errorf("sent %d, received %d of %d; %+v", sent, received, least, res)
					}
				})
			}
		}
	}
}

// In pieces too: a registry that forgets the upload gets the blob again, one that
// goes on with it at most a piece.
func TestCutsInPieces(t *testing.T) {
	const size, chunk = 3 << 20, 1 << 20
	for _, forgets := range []bool{false, true} {
		for _, at := range []int64{chunk / 2, chunk + chunk/3, 5*size + 10*kib} {
			t.Run(fmt.Sprintf("forgets=%v at=%d", forgets, at), func(t *testing.T) {
				t.Parallel()
				r := newRig(t, lab.Options{}, lab.Options{Forgets: forgets})
				r.to.spec.Chunk = chunk
				r.push("team/web", "1", size)
				r.b.CutUp(at)
				res := r.copy(r.copier(Options{}), "team/web", "1")
				most := int64(chunk)
				if forgets {
					most = size
				}
				if sent := r.b.Counts().Up; sent > 6*size+1500+most+10*firstPart || forgets && res.Retries == 0 {
					t.Errorf("%d bytes sent of %d; %+v", sent, 6*size, res)
				}
			})
		}
	}
}

// A blob that breaks off again and again, and a registry that is away, end the
// copy with words; the next run sends only what is missing.
func TestGivesUp(t *testing.T) {
	r := newRig(t, lab.Options{}, lab.Options{})
	r.push("team/web", "1", 200*kib)
	end := r.b.Refuse("upload PUT", http.StatusBadGateway, 0, -1)
	_, err := r.copier(Options{}).Copy(r.ctx, Job{Repository: "team/web", Tag: "1"}, nil)
	if TroubleOf(err) != Failing || !strings.Contains(err.Error(), "registry shanghai: send a blob of team/web: the registry fails (502 Bad Gateway)") {
		t.Error(err)
	}
	if _, ok := r.b.Digest("team/web", "1"); ok {
		t.Error("the tag is there")
	}
	end()
	r.copy(r.copier(Options{}), "team/web", "1")
}

func TestPatience(t *testing.T) {
	for _, kind := range []string{"manifest *", "blob *", "mount", "upload PUT", "manifest PUT"} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			r := newRig(t, lab.Options{}, lab.Options{})
			r.push("team/web", "1", 300*kib)
			r.b.Refuse(kind, http.StatusTooManyRequests, time.Second, 2)
			r.a.Refuse(kind, http.StatusServiceUnavailable, 0, 2)
			began := time.Now()
			res := r.copy(r.copier(Options{}), "team/web", "1")
			if took := time.Since(began); took < time.Second {
				t.Errorf("took %v: it did not wait; %+v", took, res)
			}
		})
	}
	t.Run("too long", func(t *testing.T) {
		r := newRig(t, lab.Options{}, lab.Options{})
		r.b.Refuse("*", http.StatusTooManyRequests, 10*time.Minute, -1)
		_, err := r.to.Digest(r.ctx, "team/web", "1")
		if TroubleOf(err) != Limited || !strings.Contains(err.Error(), "too many requests for this registry; it asks to wait 10m0s") {
			t.Error(err)
		}
		if _, err = r.to.Digest(r.ctx, "team/web", "2"); TroubleOf(err) != Limited || !strings.Contains(err.Error(), "it asked to be left alone for another") {
			t.Error(err)
		}
	})
}

func TestTroubles(t *testing.T) {
	r := newRig(t, lab.Options{}, lab.Options{})
	r.push("team/web", "1", kib)
	digest := func(s fleet.Registry) error {
		ctx, cancel := context.WithTimeout(r.ctx, 2*time.Second)
		defer cancel()
		_, err := New(s, nil).Digest(ctx, "team/web", "1")
		return err
	}
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	nobody := closed.Addr().String()
	closed.Close()
	spec := func(change func(*fleet.Registry)) fleet.Registry {
		s := r.spec(r.a)
		change(&s)
		return s
	}
	for _, c := range []struct {
		spec    fleet.Registry
		trouble Trouble
		says    string
	}{
		{spec(func(s *fleet.Registry) { s.Address = nobody }), Refused, "turns connections down (is the registry running, and listening there?)"},
		{spec(func(s *fleet.Registry) { s.PlainHTTP = false }), BadTLS, "does not speak TLS (plain_http: true says that this is meant)"},
		{spec(func(s *fleet.Registry) { s.CA = "/nonexistent" }), BadTLS, "its authority cannot be read"},
		{spec(func(s *fleet.Registry) { s.Credential = "x" }), NoSecret, `there is no credential "x"`},
		{spec(func(s *fleet.Registry) { s.Address = "nowhere.invalid:5000" }), Refused, "the host of nowhere.invalid:5000 is not known"},
	} {
		if err := digest(c.spec); TroubleOf(err) != c.trouble || !strings.Contains(fmt.Sprint(err), c.says) {
			t.Errorf("%s: %v", TroubleOf(err), err)
		}
	}
	r.a.Hang(true)
	began := time.Now()
	if err := digest(r.spec(r.a)); TroubleOf(err) != Silent || time.Since(began) > 4*time.Second {
		t.Errorf("%s after %v: %v", TroubleOf(err), time.Since(began), err)
	}
	r.a.Hang(false)
	for status, trouble := range map[int]Trouble{403: Forbidden, 404: Missing, 500: Failing, 418: Rejected, 405: Unsupported} {
		end := r.a.Refuse("manifest *", status, 0, -1)
		if err := digest(r.spec(r.a)); TroubleOf(err) != trouble {
			t.Errorf("%d is %s: %v", status, TroubleOf(err), err)
		}
		end()
	}
}

// certificate makes an authority and a certificate for the loopback address.
func certificate(t *testing.T) (ca string, conf *tls.Config) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	c := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "lab"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}}
	der, err := x509.CreateCertificate(rand.Reader, c, c, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	ca = filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(ca, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600); err != nil {
		t.Fatal(err)
	}
	return ca, &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}}
}

func TestTLS(t *testing.T) {
	ca, conf := certificate(t)
	r := newRig(t, lab.Options{TLS: conf}, lab.Options{})
	r.push("team/web", "1", kib)
	s := r.spec(r.a)
	s.PlainHTTP = false
	_, err := New(s, nil).Digest(r.ctx, "team/web", "1")
	if TroubleOf(err) != BadTLS || !strings.Contains(err.Error(), "is not trusted: unknown authority (name its authority as ca)") {
		t.Error(err)
	}
	skip := s
	skip.SkipVerify = true
	if _, err := New(skip, nil).Digest(r.ctx, "team/web", "1"); err != nil || New(skip, nil).Insecure() == "" {
		t.Errorf("%v; insecure: %q", err, New(skip, nil).Insecure())
	}
	s.CA = ca
	if _, err := New(s, nil).Digest(r.ctx, "team/web", "1"); err != nil || New(s, nil).Insecure() != "" {
		t.Errorf("%v; insecure: %q", err, New(s, nil).Insecure())
	}
}

// The login comes from the fleet, from Docker's file or from a helper, and works
// with every request or by a token.
func TestLogins(t *testing.T) {
	for _, token := range []bool{false, true} {
		t.Run(fmt.Sprintf("token=%v", token), func(t *testing.T) { testLogins(t, token) })
	}
}

func testLogins(t *testing.T, token bool) {
	const secret = "correct-horse"
	r := newRig(t, lab.Options{Login: &lab.Login{Username: "ci", Password: secret, Token: token}}, lab.Options{Login: &lab.Login{Username: "ci", Password: secret, Token: token}})
	r.push("team/web", "1", 100*kib)
	r.push("team/api", "1", 100*kib)
	home := t.TempDir()
	t.Setenv("DOCKER_CONFIG", home)
	t.Setenv("LAB_SECRET", secret)
	docker := func(text string) {
		if err := os.WriteFile(filepath.Join(home, "config.json"), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	try := func(credential string, credentials map[string]fleet.Credential) error {
		s := r.spec(r.a)
		s.Credential = credential
		_, err := New(s, credentials).Digest(r.ctx, "team/web", "1")
		if err != nil && strings.Contains(err.Error(), secret) {
			t.Errorf("the error tells the secret: %v", err)
		}
		return err
	}

	if err := try("", nil); TroubleOf(err) != NoLogin || !strings.Contains(err.Error(), "docker login") {
		t.Errorf("nobody: %v", err)
	}
	if err := try("lab", map[string]fleet.Credential{"lab": {Username: "ci", Password: fleet.Secret{Env: "LAB_SECRET"}}}); err != nil {
		t.Errorf("fleet: %v", err)
	}
	if err := try("lab", map[string]fleet.Credential{"lab": {Username: "eve", Password: fleet.Secret{Env: "LAB_SECRET"}}}); TroubleOf(err) != NoLogin {
		t.Errorf("wrong user: %v", err)
	}
	docker(fmt.Sprintf(`{"auths": {%q: {"auth": %q}}}`, r.a.Address(), base64.StdEncoding.EncodeToString([]byte("ci:"+secret))))
	if err := try("", nil); err != nil {
		t.Errorf("config.json: %v", err)
	}
	docker(fmt.Sprintf(`{"credHelpers": {%q: "ringside-test"}}`, r.a.Address()))
	if err := try("", nil); TroubleOf(err) != NoSecret || !strings.Contains(err.Error(), "ringside-test is not installed") {
		t.Errorf("no helper: %v", err)
	}
	helper := filepath.Join(home, "docker-credential-ringside-test")
	script := "#!/bin/sh\nread server\n[ \"$1 $server\" = 'get " + r.a.Address() + "' ] || { echo credentials not found in native keychain; exit 1; }\necho " + secret + " >&2\necho '{\"Username\":\"ci\",\"Secret\":\"" + secret + "\"}'\n"
	if err := os.WriteFile(helper, []byte(script), 0o700); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", home+":"+os.Getenv("PATH"))
	if err := try("", nil); err != nil {
		t.Errorf("helper: %v", err)
	}
	docker(`{"credsStore": "ringside-test"}`)
	if err := try("", nil); err != nil {
		t.Errorf("store: %v", err)
	}

	// A copy with mounts needs rights on two repositories at once.
	credentials := map[string]fleet.Credential{"lab": {Username: "ci", Password: fleet.Secret{Env: "LAB_SECRET"}}}
	a, b := r.spec(r.a), r.spec(r.b)
	a.Credential, b.Credential = "lab", "lab"
	r.from, r.to = New(a, credentials), New(b, credentials)
	c := r.copier(Options{})
	r.copy(c, "team/web", "1")
	if res := r.copy(c, "team/api", "1"); res.Mounted != 2 {
		t.Errorf("token %v: %+v", token, res)
	}
	r.reset()
	r.copy(c, "team/web", "1")
	if n := r.a.Counts().Total(); n > 3 {
		t.Errorf("token %v: a look cost %d requests: %v", token, n, r.a.Counts().Requests)
	}
}

func TestRetryAfter(t *testing.T) {
	for text, want := range map[string]time.Duration{"": 0, "2": 2 * time.Second, "-1": 0, "x": 0, "99999999": longestAsked} {
		if got := retryAfter(text); got != want {
			t.Errorf("%q: %v", text, got)
		}
	}
	if got := retryAfter(time.Now().Add(90 * time.Second).UTC().Format(http.TimeFormat)); got < 88*time.Second || got > 90*time.Second {
		t.Errorf("a date: %v", got)
	}
}
