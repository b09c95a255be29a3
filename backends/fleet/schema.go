package fleet

import (
	"cmp"
	"strings"
	"unicode"
)

// maxText is how many characters a text of the configuration file may have.
const maxText = 4096

var (
	nameSyntax    = written(`^[\p{L}\p{N}][\p{L}\p{N}_.+-]*$`, "a name of letters, digits and . _ + -")
	hostSyntax    = written(`^[\p{L}\p{N}\[][\p{L}\p{N}_.,\[\]-]*$`, "a host name or a range such as sw[001-240]")
	envSyntax     = written(`^[A-Za-z_][A-Za-z0-9_]*$`, "the name of an environment variable")
	bindingSyntax = written(`^[a-z][a-z0-9_.-]*$`, "the id of a key binding, as the help lists it")
)

// maxName is how many characters the name of an engine may have.
const maxName = 64

// PlainName turns a text from outside into a name that a configuration file may
// hold: what does not fit becomes a dash.
func PlainName(s string) string {
	s = strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsNumber(r) || strings.ContainsRune("_.+-", r) {
			return r
		}
		return '-'
	}, s)
	s = strings.TrimLeft(s, "_.+-")
	if r := []rune(s); len(r) > maxName-4 { // room for a number behind it
		s = string(r[:maxName-4])
	}
	return cmp.Or(s, "engine")
}

var (
	environmentShape = &shape{kind: kindText, max: 64,
		doc: "How careful to be: production, staging, verification, development or a word of your own. Acts in production ask to type a name."}
	siteRef = &shape{kind: kindText, max: 64, doc: "Name of one of the sites."}
	port    = &shape{kind: kindNumber, min: 1, max: 65535, doc: "Port number."}
	fileAt  = func(doc string) *shape { return &shape{kind: kindText, doc: doc} }
	yes     = func(doc string) *shape { return &shape{kind: kindBool, doc: doc} }
)

// root is the whole configuration file.
var root = &shape{kind: kindObject, doc: "What Ringside watches.", fields: []field{
	{name: "environment", shape: environmentShape},
	{name: "sites", shape: &shape{kind: kindDict, names: nameSyntax, of: site, empty: true,
		doc: "Places, by name."}},
	{name: "credentials", shape: &shape{kind: kindDict, names: nameSyntax, of: credential, empty: true,
		doc: "User names and where their secrets are found, by name."}},
	{name: "hosts", shape: &shape{kind: kindList, of: host, empty: true,
		doc: "Physical and virtual servers."}},
	{name: "engines", shape: &shape{kind: kindList, of: engine, empty: true,
		doc: "Docker Engines."}},
	{name: "services", shape: &shape{kind: kindList, of: service, empty: true,
		doc: "Things that users call, deployed in two colours."}},
	{name: "clusters", shape: &shape{kind: kindList, of: cluster, empty: true,
		doc: "OpenStack Swift clusters."}},
	{name: "registries", shape: &shape{kind: kindDict, names: nameSyntax, of: registryShape, empty: true,
		doc: "Container registries, by name."}},
	{name: "syncs", shape: &shape{kind: kindList, of: syncShape, empty: true,
		doc: "What is kept the same between registries."}},
	{name: "keys", shape: &shape{kind: kindDict, names: bindingSyntax, empty: true,
		of:  &shape{kind: kindTexts, doc: "A key or a list of keys; an empty list takes the keys away."},
		doc: "Keys of your own, by the id of what they do."}},
	{name: "theme", shape: &shape{kind: kindText, enum: []string{"auto", "dark", "light"},
		doc: "Colours; auto asks the terminal for its background."}},
}}

var site = &shape{kind: kindObject, doc: "A place.", empty: true, fields: []field{
	{name: "note", shape: &shape{kind: kindText, doc: "Anything people should know about it."}},
}}

var credential = &shape{kind: kindObject, doc: "A user name and where the secret is found.", fields: []field{
	{name: "username", shape: &shape{kind: kindText, max: 255, doc: "User name."}},
	{name: "password", required: true, shape: secret},
}}

var secret = &shape{kind: kindObject, doc: "Where the secret is found. It is read when it is needed and never kept.",
	one: []string{"env", "file", "command"}, inline: "a secret does not belong in this file; use {env|file|command}",
	fields: []field{
		{name: "env", shape: &shape{kind: kindText, syntax: envSyntax, max: 255, hidden: true,
			doc: "Name of the environment variable that holds it."}},
		{name: "file", shape: &shape{kind: kindText, hidden: true,
			doc: "File that holds it and that only its owner can read."}},
		{name: "command", shape: &shape{kind: kindTexts, min: 1, lines: true, hidden: true,
			doc: "Program that prints it: a list of arguments, or one text for sh -c."}},
	}}

var host = &shape{kind: kindObject, doc: "One server, or a range of servers that differ by a number.", fields: []field{
	{name: "name", required: true, shape: &shape{kind: kindText, syntax: hostSyntax, max: 255,
		doc: "Host name, or a range: sw[001-240], sw[1-3,7], r[1-4]n[01-20]."}},
	{name: "site", shape: siteRef},
	{name: "environment", shape: environmentShape},
	{name: "rack", shape: &shape{kind: kindText, max: 64, doc: "Where it stands."}},
	{name: "tags", shape: &shape{kind: kindList, of: &shape{kind: kindText, max: 64, doc: "Tag."}, empty: true,
		doc: "Words to filter by."}},
	{name: "bmc", shape: bmc},
	{name: "ssh", shape: ssh},
	{name: "ip", shape: &shape{kind: kindTexts, min: 1,
		doc: "Addresses by which Swift rings name the host, when it is not its SSH address or its name." + patternDoc}},
}}

const patternDoc = " {name} is the host's name, {n} the number in it, {nnn} that number in three digits."

var bmc = &shape{kind: kindObject, doc: "Management controller of the host.", fields: []field{
	{name: "address", required: true, shape: &shape{kind: kindText, max: 255,
		doc: "Host name or IP address." + patternDoc}},
	{name: "port", shape: &shape{kind: kindNumber, min: 1, max: 65535,
		doc: "Port number: 623 for IPMI and 443 for Redfish when absent. With auto, 623 is for IPMI only and 443 for Redfish only."}},
	{name: "credential", shape: &shape{kind: kindText, max: 64, doc: "Name of one of the credentials."}},
	{name: "driver", shape: &shape{kind: kindText, enum: []string{"auto", "ipmi", "redfish"},
		doc: "Protocol. auto, which is the default, finds out: IPMI where it answers, else Redfish."}},
	{name: "cipher_suite", shape: &shape{kind: kindNumber, only: []int{3, 17},
		doc: "IPMI only: the one cipher suite to use. When absent, 17 is tried before 3."}},
	{name: "privilege", shape: &shape{kind: kindText, enum: []string{"user", "operator", "administrator"},
		doc: "IPMI only: privilege level to ask for, administrator when absent. operator can switch power, user can only look."}},
	{name: "tls", shape: bmcTLS},
	{name: "plain", shape: yes("Redfish only: speak http, which shows the password to everybody on the way; the screen says so.")},
	{name: "system", shape: &shape{kind: kindText, max: 128,
		doc: "Redfish only: ID of the host's system when the controller serves several."}},
}}

var bmcTLS = &shape{kind: kindObject, doc: "Redfish only: how the controller's certificate is checked.", empty: true, fields: []field{
	{name: "ca", shape: fileAt("File with the authority that signed the certificate; the system's own when absent.")},
	{name: "server_name", shape: &shape{kind: kindText, max: 255,
		doc: "Name in the certificate when it is not the address." + patternDoc}},
	{name: "skip_verify", shape: yes("Do not check the certificate; the screen says so for as long as this is set.")},
}}

var ssh = &shape{kind: kindObject, doc: "How the host is reached by SSH, beyond what ~/.ssh/config says.", fields: []field{
	{name: "address", required: true, shape: &shape{kind: kindText, max: 255,
		doc: "Host name or IP address." + patternDoc}},
	{name: "port", shape: port},
	{name: "user", shape: &shape{kind: kindText, max: 64, doc: "User name."}},
}}

var engine = &shape{kind: kindObject, doc: "One Docker Engine: a Docker context, or an address.",
	one: []string{"context", "address"},
	fields: []field{
		{name: "name", required: true, shape: &shape{kind: kindText, syntax: nameSyntax, max: maxName,
			doc: "Name of the engine in Ringside."}},
		{name: "site", shape: siteRef},
		{name: "environment", shape: environmentShape},
		{name: "host", shape: &shape{kind: kindText, max: 255,
			doc: "Name of the host it runs on. Site and environment are taken from there unless set here."}},
		{name: "context", shape: &shape{kind: kindText, max: 255, doc: "Name of a Docker context."}},
		{name: "address", shape: &shape{kind: kindText, max: 1024,
			doc: "unix:///path, ssh://user@host, tcp://host:port or npipe:////./pipe/name."}},
		{name: "socket", shape: fileAt("ssh only: path of the engine's socket on the far side.")},
		{name: "tls", shape: tls},
		{name: "plain", shape: yes("tcp only: speak without TLS, which lets everybody on the way control the host.")},
	}}

var tls = &shape{kind: kindObject, doc: "tcp only: mutual TLS.", empty: true, fields: []field{
	{name: "ca", shape: fileAt("File with the authority that signed the engine's certificate; the system's own when absent.")},
	{name: "cert", shape: fileAt("File with the client certificate.")},
	{name: "key", shape: fileAt("File with the client key.")},
	{name: "server_name", shape: &shape{kind: kindText, max: 255,
		doc: "Name in the engine's certificate when it is not the address."}},
	{name: "skip_verify", shape: yes("Do not check the engine's certificate; the screen says so for as long as this is set.")},
}}
