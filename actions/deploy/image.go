package deploy

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"ringside/backends/fleet"
)

var (
	tagSyntax    = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$`)
	digestSyntax = regexp.MustCompile(`^sha256:[0-9a-f]{64}$`)
)

// wanted is the image that somebody asked for.
type wanted struct {
	repository  string // "" when only a tag or a digest was given
	tag, digest string // at least one of them
}

// parseImage reads TAG, :TAG, @DIGEST, REPOSITORY:TAG, REPOSITORY@DIGEST or
// REPOSITORY:TAG@DIGEST.
func parseImage(text string) (w wanted, err error) {
	rest, digest, pinned := strings.Cut(strings.TrimSpace(text), "@")
	w.digest = digest
	switch i := strings.LastIndexByte(rest, ':'); {
	case i > strings.LastIndexByte(rest, '/'):
		w.repository, w.tag = rest[:i], rest[i+1:]
		if w.tag == "" {
			return w, errors.New("it has no tag after the colon")
		}
	case strings.Contains(rest, "/") || pinned:
		w.repository = rest
	default:
		w.tag = rest
	}
	switch {
	case pinned && !digestSyntax.MatchString(w.digest):
		return w, errors.New("a digest is sha256: and 64 hexadecimal digits")
	case w.tag != "" && !tagSyntax.MatchString(w.tag):
		return w, errors.New("that is no tag")
	case w.tag == "" && w.digest == "":
		return w, errors.New("which one? Give a tag or a digest: " + w.repository + ":TAG")
	}
	return w, nil
}

func checkImage(text string) error { _, err := parseImage(text); return err }

// fits checks that an image belongs to a service: the repository of any of its
// engines may be named.
func (w wanted) fits(s fleet.Service) error {
	known := []string{s.Image}
	for _, image := range s.Images {
		known = append(known, image)
	}
	if w.repository != "" && !slices.Contains(known, w.repository) {
		slices.Sort(known)
		return fmt.Errorf("service %s is deployed from %s, not from %s", s.Name, strings.Join(slices.Compact(known), " and "), w.repository)
	}
	return nil
}

// ref is the image in a repository, as a registry is asked for it.
func (w wanted) ref(repository string) string {
	if w.digest != "" {
		return repository + "@" + w.digest
	}
	return repository + ":" + w.tag
}

// asked is the image for people and labels.
func (w wanted) asked(repository string) string {
	if w.tag != "" {
		return repository + ":" + w.tag
	}
	return repository
}
