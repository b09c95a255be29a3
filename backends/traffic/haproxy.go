package traffic

import (
	"context"
	"encoding/csv"
	"fmt"
	"strconv"
	"strings"

	"ringside/backends/fleet"
)

// haproxy is switched by one key of a map: first in the file, then in the running
// process, so that a reload at any moment brings no surprise but the switch itself.
type haproxy struct{ fleet.HAProxy }

func (h *haproxy) look(ctx context.Context) (*View, error) {
	v := &View{Blue: nothing(h.Blue), Green: nothing(h.Green)}
	if !strings.Contains(h.Socket, "/") {
		v.Insecure = "the runtime socket is plain TCP: neither encrypted nor authenticated"
	}
	out, err := h.command(ctx, "show map "+h.Map)
	if err != nil {
		return nil, err
	}
	value, err := h.liveValue(out)
	if err != nil {
		return nil, err
	}
	v.LiveName, v.Live = fleet.Clean(value), h.colour(value)
	if v.Live == "" {
		v.Why = fmt.Sprintf("the map sends %s to %s, which is neither colour", h.Key, v.LiveName)
	}
	if h.File == "" {
		v.Notes = append(v.Notes, "the map's file cannot be reached: a switch does not outlive a reload of HAProxy")
	} else {
		value, err := h.fileValue()
		if err != nil {
			return nil, err
		}
		v.Keeps, v.KeptName, v.Kept = true, fleet.Clean(value), h.colour(value)
	}
	for _, side := range []*Side{&v.Blue, &v.Green} {
		if err := h.stat(ctx, side); err != nil {
			return nil, err
		}
	}
	return v, nil
}

func (h *haproxy) colour(backend string) fleet.Colour {
	for _, c := range fleet.Colours {
		if h.Backend(c) == backend {
			return c
		}
	}
	return ""
}

// liveValue finds the key in the answer to `show map`: "POINTER KEY VALUE" lines.
func (h *haproxy) liveValue(answer string) (string, error) {
	found := ""
	for line := range strings.Lines(answer) {
		f := strings.Fields(line)
		if len(f) < 3 || f[1] != h.Key {
			continue
		}
		if found != "" && found != f[2] {
			return "", &reason{why: fmt.Sprintf("the running map has the key %s twice", h.Key), hint: "remove one of the two"}
		}
		found = f[2]
	}
	switch {
	case found != "":
		return found, nil
	case strings.Contains(answer, "Unknown map"):
		return "", &reason{why: "HAProxy has no map " + h.Map, hint: "map: must be written exactly as in haproxy.cfg; `show map` lists them"}
	case strings.Contains(answer, "Permission denied"):
		return "", &reason{why: "the runtime socket has no admin level", hint: "stats socket … level admin"}
	}
	return "", &reason{why: fmt.Sprintf("the running map has no key %s", h.Key), hint: "add it to the map's file and reload HAProxy"}
}

func (h *haproxy) fileValue() (string, error) {
	b, err := readFile(h.File)
	if err != nil {
		return "", err
	}
	_, value, err := mapLine(string(b), h.Key)
	if err != nil {
		return "", &reason{why: h.File + ": " + err.Error()}
	}
	return value, nil
}

// mapLine finds the one line of a map file that has the key, and its value. A line
// is a key and, after blanks, the value to its end; # begins a comment line
// (configuration manual, "map").
func mapLine(text, key string) (line, value string, err error) {
	for l := range strings.Lines(text) {
		f := strings.Fields(l)
		if len(f) == 0 || strings.HasPrefix(f[0], "#") || f[0] != key {
			continue
		}
		if line != "" {
			return "", "", fmt.Errorf("it has the key %s twice", key)
		}
		if len(f) != 2 {
			return "", "", fmt.Errorf("the line of %s does not have one value", key)
		}
		line, value = l, f[1]
	}
	if line == "" {
		return "", "", fmt.Errorf("it has no key %s", key)
	}
	return line, value, nil
}

// setLine gives a key of a map file another value and leaves all else as it is.
func setLine(text, key, value string) (string, error) {
	line, old, err := mapLine(text, key)
	if err != nil {
		return "", err
	}
	at := strings.Index(text, "\n"+line) + 1
	if strings.HasPrefix(text, line) {
		at = 0
	}
	end := strings.LastIndex(line, old)
	return text[:at] + line[:end] + value + line[end+len(old):] + text[at+len(line):], nil
}

func (h *haproxy) swap(ctx context.Context, was *View, to fleet.Colour) error {
	backend := h.Backend(to)
	// A value that names no backend would give everybody 503 without any error.
	if len(was.Side(to).Servers) == 0 {
		return &reason{why: "HAProxy has no backend " + backend + " with a server", hint: "add it to haproxy.cfg and reload HAProxy"}
	}
	if err := h.keep(backend); err != nil {
		return err
	}
	if was.Live == to {
		return nil
	}
	err := h.tell(ctx, fmt.Sprintf("set map %s %s %s", h.Map, h.Key, backend))
	if err == nil {
		err = h.readBack(ctx, backend)
	}
	if err != nil && was.KeptName != "" {
		// Nothing was switched: a reload must not switch later by itself.
		if now, look := h.look(context.WithoutCancel(ctx)); look == nil && now.Live == was.Live {
			if back := h.keep(was.LiveName); back != nil {
				return &reason{why: fmt.Sprintf("%v; and the map's file could not be put back: %v", err, back), err: err,
					hint: "the file says " + backend + ": a reload would switch; run: ringside services settle"}
			}
		}
	}
	return err
}

// readBack checks that the running process has done what it was told.
func (h *haproxy) readBack(ctx context.Context, backend string) error {
	out, err := h.command(ctx, "show map "+h.Map)
	if err != nil {
		return err
	}
	value, err := h.liveValue(out)
	if err == nil && value != backend {
		err = &reason{why: fmt.Sprintf("HAProxy accepted the switch and did not act: the map still says %s", fleet.Clean(value)), hint: "nothing was switched; look at HAProxy's log"}
	}
	return err
}

// keep writes the value into the map's file, where there is one.
func (h *haproxy) keep(backend string) error {
	if h.File == "" {
		return nil
	}
	b, err := readFile(h.File)
	if err != nil {
		return err
	}
	text, err := setLine(string(b), h.Key, backend)
	if err != nil {
		return &reason{why: h.File + ": " + err.Error()}
	}
	if text == string(b) {
		return nil
	}
	return replaceFile(h.File, []byte(text))
}

func (h *haproxy) settle(_ context.Context, was *View) error { return h.keep(was.LiveName) }

// stat reads one backend and its servers; one that does not exist has no servers.
func (h *haproxy) stat(ctx context.Context, side *Side) error {
	out, err := h.command(ctx, "show stat "+side.Name+" 6 -1") // 6: backends (2) and servers (4)
	if err != nil || strings.Contains(out, "No such proxy") {
		return err
	}
	return readStat(out, side)
}

// readStat fills a side from the CSV of `show stat` (management guide, "CSV
// format").
func readStat(text string, side *Side) error {
	r := csv.NewReader(strings.NewReader(strings.TrimPrefix(text, "# ")))
	r.FieldsPerRecord, r.LazyQuotes = -1, true
	rows, err := r.ReadAll()
	if err != nil || len(rows) == 0 || rows[0][0] != "pxname" {
		return &reason{why: "HAProxy's statistics cannot be read", hint: "does the socket have level admin or operator?"}
	}
	column := map[string]int{}
	for i, name := range rows[0] {
		column[name] = i
	}
	for _, row := range rows[1:] {
		get := func(name string) string {
			if i, ok := column[name]; ok && i < len(row) {
				return row[i]
			}
			return ""
		}
		switch name := get("svname"); {
		case get("pxname") != side.Name || name == "FRONTEND":
		case name == "BACKEND":
			side.Sessions = int(count(get("scur")))
			side.Requests, side.Errors = answered(get)
		default:
			side.Servers = append(side.Servers, Server{Name: fleet.Clean(name), Address: fleet.Clean(get("addr")),
				State: serverState(get("status")), Why: fleet.Clean(lastCheck(get))})
		}
	}
	return nil
}

// answered adds up the answers of a backend by their class of status.
func answered(get func(string) string) (all, errors int64) {
	for _, class := range []string{"hrsp_1xx", "hrsp_2xx", "hrsp_3xx", "hrsp_4xx", "hrsp_5xx", "hrsp_other"} {
		n := count(get(class))
		if n < 0 {
			return -1, -1
		}
		all += n
	}
	return all, count(get("hrsp_5xx"))
}

func count(text string) int64 {
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return -1
	}
	return n
}

// serverState reads "UP", "UP 1/3", "DOWN", "no check", "MAINT (via be/s1)", "DRAIN".
func serverState(status string) State {
	word, _, _ := strings.Cut(status, " ")
	switch word {
	case "UP":
		return Up
	case "no":
		return Unchecked
	case "MAINT", "DRAIN", "NOLB":
		return Off
	}
	return Down
}

func lastCheck(get func(string) string) string {
	out := get("check_status")
	if code := get("check_code"); code != "" {
		out += " " + code
	}
	if why := get("last_chk"); why != "" {
		out += " (" + why + ")"
	}
	return strings.TrimSpace(out)
}
