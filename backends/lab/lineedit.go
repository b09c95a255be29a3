package lab

import (
	"errors"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/clipperhouse/displaywidth"
)

var errInterrupted = errors.New("interrupted")

// readLine reads a line. On a terminal it is what the terminal's driver and the
// shell do together: prompt, echo, ^H, ^U, ^C, ^D and the line before.
func (s *shell) readLine() (string, error) {
	if !s.exec.request.Tty {
		text, err := s.in.ReadString('\n')
		if text != "" {
			err = nil
		}
		return strings.TrimRight(text, "\r\n"), err
	}
	s.echo(s.prompt())
	var text string
	for {
		b, err := s.in.ReadByte()
		if err != nil {
			return "", err
		}
		switch {
		case b == '\r' || b == '\n':
			s.echo("\n")
			if text != "" {
				s.before = text
			}
			return text, nil
		case b == 0x7f || b == 0x08:
			text = s.rubOut(text, 1)
		case b == 0x15: // ^U
			text = s.rubOut(text, utf8.RuneCountInString(text))
		case b == 0x03: // ^C
			s.echo("^C\n")
			return "", errInterrupted
		case b == 0x04: // ^D
			if text == "" {
				s.echo("\n")
				return "", io.EOF
			}
		case b == 0x1b:
			if s.escape() == 'A' && s.before != "" {
				s.rubOut(text, utf8.RuneCountInString(text))
				text = s.before
				s.echo(text)
			}
		case b >= 0x20:
			text += string([]byte{b})
			if utf8.ValidString(text) { // a character of several bytes is echoed whole
				_, n := utf8.DecodeLastRuneInString(text)
				s.echo(text[len(text)-n:])
			}
		}
	}
}

// echo ignores errors: a terminal that has gone shows at the next read.
func (s *shell) echo(text string) { _, _ = io.WriteString(s.out, text) }

func (s *shell) rubOut(text string, n int) string {
	for ; n > 0 && text != ""; n-- {
		r, size := utf8.DecodeLastRuneInString(text)
		text = text[:len(text)-size]
		s.echo(strings.Repeat("\b \b", displaywidth.Rune(r)))
	}
	return text
}

// escape reads the rest of a key's escape sequence and returns its last byte.
func (s *shell) escape() byte {
	b, err := s.in.ReadByte()
	if err != nil || b != '[' && b != 'O' {
		return b
	}
	for {
		if b, err = s.in.ReadByte(); err != nil || b >= 0x40 && b <= 0x7e {
			return b
		}
	}
}
