package fleet

var (
	serviceSyntax = written(`^[a-z0-9][a-z0-9_.-]*$`, "a name of small letters, digits and . _ -")
	imageSyntax   = written(`^([A-Za-z0-9][A-Za-z0-9.-]*(:[0-9]+)?/)?[a-z0-9][a-z0-9._-]*(/[a-z0-9][a-z0-9._-]*)*$`, "a repository without tag and digest, such as registry.example:5000/team/web")
	timeSyntax    = written(`^([0-9]{1,6}(ms|s|m|h))+$`, "a time such as 500ms, 30s or 1h30m")
	headerSyntax  = written(`^[A-Za-z0-9-]+$`, "the name of a header")
	wordSyntax    = written(`^[!$-&(-:<-z|~]+$`, "one word without quotes, braces and ;")
)

func span(doc string) *shape { return &shape{kind: kindText, syntax: timeSyntax, max: 32, doc: doc} }

func word(doc string) *shape { return &shape{kind: kindText, syntax: wordSyntax, max: 1024, doc: doc} }

func words(doc string) *shape {
	return &shape{kind: kindTexts, syntax: wordSyntax, min: 1, max: 1024, doc: doc}
}

var serviceName = &shape{kind: kindText, syntax: serviceSyntax, max: 40,
	doc: "Name of the service; its containers are called NAME-COLOUR-RUN."}

var image = &shape{kind: kindText, syntax: imageSyntax, max: 255,
	doc: "Repository of its images, without a tag: a deploy says which."}

var service = &shape{kind: kindObject, doc: "A thing that users call, in two colours of which one is live.", fields: []field{
	{name: "name", required: true, shape: serviceName},
	{name: "environment", shape: environmentShape},
	{name: "engines", required: true, shape: &shape{kind: kindTexts, min: 1, max: maxName,
		doc: "Names of the engines on which it runs."}},
	{name: "image", required: true, shape: image},
	{name: "images", shape: &shape{kind: kindDict, names: nameSyntax, of: image, empty: true,
		doc: "Repositories of the same images by site or engine, where it is another one."}},
	{name: "compose", required: true, shape: &shape{kind: kindObject, doc: "What its container looks like.", fields: []field{
		{name: "file", required: true, shape: fileAt("Compose file.")},
		{name: "service", shape: &shape{kind: kindText, max: 255, doc: "Name of the service in that file; the name here when absent."}},
	}}},
	{name: "ports", required: true, shape: ports},
	{name: "gate", shape: gate},
	{name: "verify", shape: span("How long a swap is watched, and goes back by itself when it does not hold; 30s when absent.")},
	{name: "drain", shape: span("How long the old colour gets to finish its requests after a swap; 30s when absent.")},
	{name: "hold", shape: span("How long the old colour is kept running for a rollback; 30m when absent.")},
	{name: "traffic", required: true, shape: traffic},
}}

var publish = []field{
	{name: "ip", shape: &shape{kind: kindText, max: 45, doc: "Address of the host on which the ports are published; 127.0.0.1 when absent."}},
	{name: "blue", required: true, shape: port},
	{name: "green", required: true, shape: port},
}

var ports = &shape{kind: kindObject, doc: "Where the colours are published: fixed ports, because a proxy that reloads knows only its own configuration.",
	fields: append([]field{
		{name: "container", shape: &shape{kind: kindNumber, min: 1, max: 65535, doc: "Port inside the container; the one of the Compose file when absent."}},
		{name: "engines", shape: &shape{kind: kindDict, names: nameSyntax, empty: true,
			of:  &shape{kind: kindObject, doc: "Ports on one engine.", fields: publish},
			doc: "Engines with other ports, by name."}},
	}, publish...)}

var gate = &shape{kind: kindObject, empty: true, doc: "What a colour must do before it may get users.", fields: []field{
	{name: "path", shape: &shape{kind: kindText, syntax: written(`^/[!-~]*$`, "a path such as /healthz"), max: 1024, doc: "What is asked; / when absent."}},
	{name: "status", shape: &shape{kind: kindNumber, min: 100, max: 599, doc: "Status that the answer must have; 200 when absent."}},
	{name: "times", shape: &shape{kind: kindNumber, min: 1, max: 10000, doc: "How many good answers in a row; 3 when absent."}},
	{name: "within", shape: span("Time for all of it, from the start of the container; 60s when absent.")},
	{name: "latency", shape: span("Slowest answer that counts as good.")},
	{name: "errors", shape: &shape{kind: kindNumber, min: 0, max: 100,
		doc: "Percent of errors, above those of the old colour, with which a swap still counts; 1 when absent."}},
	{name: "command", shape: &shape{kind: kindTexts, min: 1, lines: true,
		doc: "Program that must end with 0: a list of arguments, or one text for sh -c. It sees RINGSIDE_SERVICE, RINGSIDE_COLOUR, RINGSIDE_DIGEST and RINGSIDE_ADDRESSES."}},
}}

var traffic = &shape{kind: kindMany, min: 1, doc: "The proxy in front of it, or a list of proxies that are switched one after another.",
	of: &shape{kind: kindObject, doc: "One proxy.", one: []string{"haproxy", "caddy", "nginx", "traefik"}, fields: []field{
		{name: "name", shape: &shape{kind: kindText, syntax: serviceSyntax, max: 40, doc: "Name of the proxy; its kind when absent."}},
		{name: "url", shape: &shape{kind: kindText, max: 1024, doc: "Where the service is reached through the proxy: http://host:port. Previews and probes go there."}},
		{name: "host", shape: word("Host header of previews and probes; that of the url when absent, and the map's key with haproxy.")},
		{name: "preview", shape: &shape{kind: kindText, syntax: headerSyntax, max: 128,
			doc: "Header that picks a colour whatever is live; X-Ops-Preview when absent. Its value is blue or green."}},
		{name: "ca", shape: fileAt("File with the authority of an https url; the system's own when absent.")},
		{name: "haproxy", shape: haproxy},
		{name: "caddy", shape: caddy},
		{name: "nginx", shape: nginx},
		{name: "traefik", shape: traefik},
	}}}

var haproxy = &shape{kind: kindObject, doc: "HAProxy, switched by one key of a map.", fields: []field{
	{name: "socket", required: true, shape: &shape{kind: kindText, max: 1024, doc: "Runtime socket with level admin: its path, or host:port."}},
	{name: "map", required: true, shape: word("The map, written as in HAProxy's own configuration.")},
	{name: "file", shape: fileAt("The map's file on this machine; the map when that is an absolute path. Without one a switch does not outlive a reload.")},
	{name: "key", required: true, shape: word("Key of the service in the map.")},
	{name: "blue", required: true, shape: word("Backend of the blue colour.")},
	{name: "green", required: true, shape: word("Backend of the green colour.")},
}}

var caddy = &shape{kind: kindObject, doc: "Caddy, switched by the upstreams of a handler through its admin API.", fields: []field{
	{name: "admin", required: true, shape: &shape{kind: kindText, max: 1024, doc: "URL of the admin API, or the path of its socket."}},
	{name: "id", required: true, shape: &shape{kind: kindText, syntax: written(`^[A-Za-z0-9_.-]+$`, "an @id"), max: 255, doc: "@id of the reverse_proxy handler, or of its only upstream."}},
	{name: "blue", required: true, shape: words("Addresses of the blue colour, as Caddy dials them.")},
	{name: "green", required: true, shape: words("Addresses of the green colour.")},
}}

var nginx = &shape{kind: kindObject, doc: "nginx, switched by an include file and a reload.", fields: []field{
	{name: "include", required: true, shape: fileAt("File with the upstream block and nothing else that a swap should keep; it is included by nginx.conf.")},
	{name: "upstream", required: true, shape: word("Name of the upstream.")},
	{name: "config", shape: fileAt("Main configuration for nginx -t; nginx's own place when absent.")},
	{name: "pid", shape: fileAt("File with the number of the master process, which is told to reload; /run/nginx.pid when absent.")},
	{name: "reload", shape: &shape{kind: kindTexts, min: 1, doc: "Command that reloads instead: a list of arguments, or one text for sh -c."}},
	{name: "tells", shape: &shape{kind: kindText, syntax: headerSyntax, max: 128, doc: "Response header that tells the upstream's address, by which a reload is seen to be in force."}},
	{name: "blue", required: true, shape: words("Addresses of the blue colour, as in its server lines.")},
	{name: "green", required: true, shape: words("Addresses of the green colour.")},
}}

var traefik = &shape{kind: kindObject, doc: "Traefik, switched by a file of its file provider.", one: []string{"service", "router"}, fields: []field{
	{name: "file", required: true, shape: fileAt("File in the provider's directory; Traefik must watch the directory, not the file.")},
	{name: "api", shape: &shape{kind: kindText, max: 1024, doc: "URL of Traefik's API, which tells what is in force."}},
	{name: "service", shape: word("Traefik service whose servers are exchanged.")},
	{name: "router", shape: word("Router whose service is exchanged.")},
	{name: "blue", required: true, shape: words("Server URLs of the blue colour, or the service that the router uses for it.")},
	{name: "green", required: true, shape: words("The same of the green colour.")},
}}
