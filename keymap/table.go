package keymap

// Scopes. A screen names those of its focused place, innermost first.
const (
	Global     Scope = "everywhere"
	Movement   Scope = "lists and text"
	List       Scope = "lists"
	Home       Scope = "home"
	Power      Scope = "power"
	Host       Scope = "a host"
	Containers Scope = "containers"
	Detail     Scope = "container detail"
	Logs       Scope = "logs"
	Swift      Scope = "swift"
	SwiftNodes Scope = "storage nodes"
	SwiftDisks Scope = "disks of a cluster"
	SwiftNode  Scope = "a storage node"
	Registries Scope = "registries"
	Tags       Scope = "tags of registries"
	Tag        Scope = "a tag"
	Services   Scope = "services"
	Service    Scope = "a service"
	Runs       Scope = "runs"
	Run        Scope = "a run"
)

// Places are the scopes that work together, innermost first; Global always does.
var Places = [][]Scope{
	{Containers, List, Movement},
	{Home, Movement},
	{Power, List, Movement},
	{Host, Movement},
	{Detail, Movement},
	{Logs, Movement},
	{Swift, Movement},
	{SwiftNodes, List, Swift, Movement},
	{SwiftDisks, List, Swift, Movement},
	{SwiftNode, Movement},
	{Registries, Movement},
	{Tags, Registries, List, Movement},
	{Tag, Movement},
	{Services, List, Movement},
	{Service, Movement},
	{Runs, List, Movement},
	{Run, Movement},
}

// IDs of the bindings.
const (
	Quit        ID = "quit"
	Interrupt   ID = "interrupt"
	Back        ID = "back"
	Help        ID = "help"
	Palette     ID = "palette"
	Refresh     ID = "refresh"
	Redraw      ID = "redraw"
	Acts        ID = "acts"
	GoHome      ID = "go.home"
	GoPower     ID = "go.power"
	GoContainer ID = "go.containers"
	GoSwift     ID = "go.swift"
	GoServices  ID = "go.services"
	GoRuns      ID = "go.runs"
	NextPane    ID = "pane.next"
	PrevPane    ID = "pane.previous"

	GoRegistries ID = "go.registries"

	Up       ID = "move.up"
	Down     ID = "move.down"
	PageUp   ID = "move.page_up"
	PageDown ID = "move.page_down"
	First    ID = "move.first"
	Last     ID = "move.last"
	Left     ID = "move.left"
	Right    ID = "move.right"

	Open     ID = "list.open"
	Filter   ID = "list.filter"
	Mark     ID = "list.mark"
	MarkTo   ID = "list.mark_range"
	MarkAll  ID = "list.mark_all"
	Sort     ID = "list.sort"
	Reverse  ID = "list.reverse"
	Group    ID = "list.group"
	Fold     ID = "list.fold"
	Copy     ID = "copy"
	ShowLogs ID = "containers.logs"
	Shell    ID = "containers.shell"

	ShowMap ID = "power.map"

	WhatIf      ID = "swift.what_if"
	NextSafe    ID = "swift.next_safe"
	SafeSet     ID = "swift.safe_set"
	Locate      ID = "swift.locate"
	Probe       ID = "swift.test_object"
	PickCluster ID = "swift.cluster"

	ActOn       ID = "power.on"
	ActOff      ID = "power.off"
	ActForce    ID = "power.force"
	ActCycle    ID = "power.cycle"
	ActReset    ID = "power.reset"
	ActBoot     ID = "power.boot"
	ActIdentify ID = "power.identify"

	ActStart   ID = "container.start"
	ActStop    ID = "container.stop"
	ActRestart ID = "container.restart"
	ActPause   ID = "container.pause"

	Reveal   ID = "detail.reveal"
	NextTab  ID = "detail.next"
	PrevTab  ID = "detail.previous"
	Follow   ID = "logs.follow"
	Wrap     ID = "wrap"
	Times    ID = "logs.times"
	Streams  ID = "logs.streams"
	Search   ID = "logs.search"
	Next     ID = "logs.next"
	Previous ID = "logs.previous"
	Earlier  ID = "logs.earlier"
	Since    ID = "logs.since"
	Save     ID = "logs.save"

	ActSync      ID = "registries.sync"
	ActCopyTag   ID = "registries.copy"
	ActDeleteTag ID = "registries.delete"
	ActDeploy    ID = "service.deploy"
	DeploySwap   ID = "services.deploy_and_swap"
	ActSwap      ID = "service.swap"
	ActRollback  ID = "service.rollback"
	ActRetire    ID = "service.retire"
	ActSettle    ID = "service.settle"

	CancelRun   ID = "run.cancel"
	ResumeRun   ID = "run.resume"
	RollbackRun ID = "run.rollback"
)

// Table is every key with its default. One letter means one act on every screen
// where the act makes sense: U is up, X is down and T is both in turn, for a
// container as for a host. Acts are capitals, and every one of them opens a dialog,
// so no slip of a finger acts. d, s and y are deploy, swap and sync, which open a dialog
// too; p is kept for power.
var Table = []Binding{
	{GoHome, Global, []string{"1"}, "home", "go to the home screen", 0},
	{GoPower, Global, []string{"2"}, "power", "go to the power of the hosts", 0},
	{GoContainer, Global, []string{"3"}, "containers", "go to the containers", 0},
	{GoSwift, Global, []string{"4"}, "swift", "go to the Swift clusters", 0},
	{GoRegistries, Global, []string{"5"}, "registries", "go to the registries: syncs, tags, what runs of them", 0},
	{GoServices, Global, []string{"6"}, "services", "go to the services: which colour is live, deploys and swaps", 0},
	{GoRuns, Global, []string{"7"}, "runs", "go to the runs: what was done, by whom", 0},
	{Palette, Global, []string{":", "ctrl+p"}, "go to", "open the palette: any screen, container, engine, host or act by name", 80},
	{Help, Global, []string{"?"}, "help", "show the keys of this place", 90},
	{Refresh, Global, []string{"r"}, "refresh", "read everything again now", 0},
	{Redraw, Global, []string{"ctrl+l"}, "redraw", "paint the whole screen again", 0},
	{Back, Global, []string{"esc"}, "back", "leave this place, or clear the filter and the marks", 0},
	{Quit, Global, []string{"q"}, "quit", "leave ringside; a running plan is told first", 0},
	{Interrupt, Global, []string{"ctrl+c"}, "quit", "leave ringside now", 0},

	{Up, Movement, []string{"up", "k"}, "", "one line up", 0},
	{Down, Movement, []string{"down", "j"}, "", "one line down", 0},
	{PageUp, Movement, []string{"pgup", "ctrl+b"}, "", "one page up", 0},
	{PageDown, Movement, []string{"pgdown", "ctrl+f"}, "", "one page down", 0},
	{First, Movement, []string{"home", "g"}, "", "to the first line", 0},
	{Last, Movement, []string{"end", "G"}, "", "to the last line", 0},
	{Left, Movement, []string{"left", "h"}, "", "columns to the left", 0},
	{Right, Movement, []string{"right"}, "", "columns to the right", 0},

	{Open, List, []string{"enter"}, "open", "open what the cursor is on", 10},
	{Filter, List, []string{"/"}, "filter", "filter: words, ~fuzzy, !not, field:value", 20},
	{Mark, List, []string{"space"}, "mark", "mark or unmark, for acts on several", 30},
	{MarkTo, List, []string{"V"}, "", "mark everything from the last mark to here", 0},
	{MarkAll, List, []string{"*"}, "", "mark all that the filter shows, or unmark them", 0},
	{Sort, List, []string{"o"}, "sort", "choose the column to sort by", 60},
	{Reverse, List, []string{"O"}, "", "turn the order around", 0},
	{Copy, List, []string{"c"}, "copy", "copy name, ID or digest to the clipboard", 0},

	{Group, Containers, []string{"b"}, "group", "group by project, engine, site, or not at all", 65},
	{Fold, Containers, []string{"-"}, "", "fold or unfold the group", 0},
	{Acts, Containers, []string{"a"}, "act", "what can be done with this or with the marked ones", 50},
	{ShowLogs, Containers, []string{"l"}, "logs", "follow the log; of all marked ones together, in time order", 40},
	{Shell, Containers, []string{"e"}, "shell", "open a shell in the container", 45},
	{ActStart, Containers, []string{"U"}, "start", "start (asks first)", 0},
	{ActStop, Containers, []string{"X"}, "stop", "stop (asks first)", 0},
	{ActRestart, Containers, []string{"T"}, "restart", "restart (asks first)", 0},
	{ActPause, Containers, []string{"Z"}, "pause", "pause, or go on when it is paused (asks first)", 0},

	{Acts, Power, []string{"a"}, "act", "what can be done with this host, or the marked", 50},
	{Group, Power, []string{"b"}, "group", "group by site, rack, tag, or not at all", 65},
	{Fold, Power, []string{"-"}, "", "fold or unfold the group", 0},
	{ShowMap, Power, []string{"m"}, "map", "show or hide the map", 70},
	{ActOn, Power, []string{"U"}, "on", "power on (asks first)", 0},
	{ActOff, Power, []string{"X"}, "off", "shut down and turn off (asks first)", 0},
	{ActForce, Power, []string{"F"}, "force", "force off: cut the power (asks first)", 0},
	{ActCycle, Power, []string{"T"}, "cycle", "cut the power, wait, power on (asks first)", 0},
	{ActReset, Power, []string{"R"}, "reset", "reset, the power stays on (asks first)", 0},
	{ActBoot, Power, []string{"B"}, "boot", "choose what it boots from (asks first)", 0},
	{ActIdentify, Power, []string{"I"}, "identify", "switch the identify light (asks first)", 0},

	{NextTab, Host, []string{"tab", "right"}, "next", "next tab", 10},
	{PrevTab, Host, []string{"shift+tab", "left"}, "", "previous tab", 0},
	{Acts, Host, []string{"a"}, "act", "what can be done with it", 20},
	{Search, Host, []string{"/"}, "filter", "show only the lines that match", 30},
	{Wrap, Host, []string{"w"}, "wrap", "wrap long lines", 0},
	{Copy, Host, []string{"c"}, "copy", "copy the name, the BMC's address or this text", 40},
	{ActOn, Host, []string{"U"}, "on", "power on (asks first)", 0},
	{ActOff, Host, []string{"X"}, "off", "shut down and turn off (asks first)", 0},
	{ActForce, Host, []string{"F"}, "force", "force off: cut the power (asks first)", 0},
	{ActCycle, Host, []string{"T"}, "cycle", "cut the power, wait, power on (asks first)", 0},
	{ActReset, Host, []string{"R"}, "reset", "reset, the power stays on (asks first)", 0},
	{ActBoot, Host, []string{"B"}, "boot", "choose what it boots from (asks first)", 0},
	{ActIdentify, Host, []string{"I"}, "identify", "switch the identify light (asks first)", 0},

	{NextTab, Swift, []string{"tab"}, "next", "next page: overview, nodes, disks, rings, locate", 15},
	{PrevTab, Swift, []string{"shift+tab"}, "", "page before", 0},
	{Locate, Swift, []string{"L"}, "locate", "find an account, a container, an object or a partition: its primaries, their state, its handoffs", 40},
	{Probe, Swift, []string{"H"}, "test object", "write an object, read it back and delete it (asks first)", 70},
	{PickCluster, Swift, []string{"C"}, "", "choose the cluster", 0},
	{Wrap, Swift, []string{"w"}, "", "wrap long lines", 0},
	{Copy, Swift, []string{"c"}, "", "copy this text", 0},

	{WhatIf, SwiftNodes, []string{"i"}, "what if", "show or hide what the loss of the marked ones would do", 35},
	{NextSafe, SwiftNodes, []string{"n"}, "safe", "to the next node that may go off besides what is off and marked", 45},
	{SafeSet, SwiftNodes, []string{"N"}, "", "mark as many nodes as may go off together", 0},
	{Acts, SwiftNodes, []string{"a"}, "act", "what can be done with the host of this node or of the marked ones", 50},
	{ActOn, SwiftNodes, []string{"U"}, "on", "power on its host (asks first)", 0},
	{ActOff, SwiftNodes, []string{"X"}, "off", "power off its host softly (asks first)", 0},
	{ActForce, SwiftNodes, []string{"F"}, "cut", "cut the power of its host (asks first)", 0},
	{ActCycle, SwiftNodes, []string{"T"}, "cycle", "cut the power of its host, wait, power on (asks first)", 0},
	{ActReset, SwiftNodes, []string{"R"}, "reset", "reset its host without a change of power (asks first)", 0},
	{ActIdentify, SwiftNodes, []string{"I"}, "identify", "switch the identify light of its host (asks first)", 0},

	{WhatIf, SwiftDisks, []string{"i"}, "what if", "show or hide what the loss of the marked ones would do", 35},

	{Acts, SwiftNode, []string{"a"}, "act", "what can be done with its host", 10},
	{Search, SwiftNode, []string{"/"}, "filter", "show only the lines that match", 20},
	{Wrap, SwiftNode, []string{"w"}, "wrap", "wrap long lines", 0},
	{Copy, SwiftNode, []string{"c"}, "copy", "copy this text", 30},
	{ActOn, SwiftNode, []string{"U"}, "on", "power on its host (asks first)", 0},
	{ActOff, SwiftNode, []string{"X"}, "off", "power off its host softly (asks first)", 0},
	{ActForce, SwiftNode, []string{"F"}, "cut", "cut the power of its host (asks first)", 0},
	{ActCycle, SwiftNode, []string{"T"}, "cycle", "cut the power of its host, wait, power on (asks first)", 0},
	{ActReset, SwiftNode, []string{"R"}, "reset", "reset its host without a change of power (asks first)", 0},
	{ActIdentify, SwiftNode, []string{"I"}, "identify", "switch the identify light of its host (asks first)", 0},

	{Open, Home, []string{"enter"}, "open", "open what the cursor is on", 10},
	{NextPane, Home, []string{"tab"}, "pane", "next pane", 20},
	{PrevPane, Home, []string{"shift+tab"}, "", "previous pane", 0},
	{Acts, Home, []string{"a"}, "act", "what can be done about it", 30},
	{ActSync, Home, []string{"y"}, "sync", "bring what the sync under the cursor is behind (asks first)", 70},
	{ActDeploy, Home, []string{"d"}, "deploy", "deploy a release of the service under the cursor (asks first)", 50},
	{DeploySwap, Home, []string{"D"}, "", "deploy to it and swap, in one plan (asks first)", 0},
	{ActSwap, Home, []string{"s"}, "swap", "swap the service under the cursor to its other colour (asks first)", 60},
	{ActRollback, Home, []string{"b"}, "", "roll the service under the cursor back to the colour before (asks first)", 0},
	{ShowLogs, Home, []string{"l"}, "logs", "follow the log of the container under the cursor", 40},
	{Copy, Home, []string{"c"}, "copy", "copy the line's subject", 0},

	{NextTab, Detail, []string{"tab", "right"}, "next", "next tab", 10},
	{PrevTab, Detail, []string{"shift+tab", "left"}, "", "previous tab", 0},
	{ShowLogs, Detail, []string{"l"}, "logs", "follow the log", 20},
	{Shell, Detail, []string{"e"}, "shell", "open a shell in the container", 30},
	{Acts, Detail, []string{"a"}, "act", "what can be done with it", 40},
	{Reveal, Detail, []string{"v"}, "reveal", "show or mask secrets of environment and labels", 50},
	{Wrap, Detail, []string{"w"}, "wrap", "wrap long lines", 0},
	{Search, Detail, []string{"/"}, "search", "search in this text", 0},
	{Next, Detail, []string{"n"}, "", "next match", 0},
	{Previous, Detail, []string{"N"}, "", "previous match", 0},
	{Copy, Detail, []string{"c"}, "copy", "copy name, ID, digest or this text", 60},
	{ActStart, Detail, []string{"U"}, "start", "start (asks first)", 0},
	{ActStop, Detail, []string{"X"}, "stop", "stop (asks first)", 0},
	{ActRestart, Detail, []string{"T"}, "restart", "restart (asks first)", 0},
	{ActPause, Detail, []string{"Z"}, "pause", "pause, or go on when it is paused (asks first)", 0},

	{Follow, Logs, []string{"f"}, "follow", "follow the end, or stop following", 10},
	{Search, Logs, []string{"/"}, "search", "search; matches are highlighted", 20},
	{Next, Logs, []string{"n"}, "", "next match", 0},
	{Previous, Logs, []string{"N"}, "", "previous match", 0},
	{Filter, Logs, []string{"&"}, "only", "show only the lines that match", 30},
	{Wrap, Logs, []string{"w"}, "wrap", "wrap long lines", 40},
	{Times, Logs, []string{"t"}, "times", "timestamps: none, time, full, age", 50},
	{Streams, Logs, []string{"m"}, "streams", "show both streams, only stdout or only stderr", 0},
	{Earlier, Logs, []string{"["}, "earlier", "load what came before", 0},
	{Since, Logs, []string{"@"}, "since", "go back to a time: 10m, 2h, 14:05, 2026-11-23 14:05", 60},
	{Save, Logs, []string{"W"}, "save", "write what is loaded to a file", 0},
	{Copy, Logs, []string{"c"}, "copy", "copy the line at the top, or all that is shown", 0},

	{NextTab, Registries, []string{"tab"}, "next", "next page: syncs, tags, transfers, history", 15},
	{PrevTab, Registries, []string{"shift+tab"}, "", "page before", 0},
	{ActSync, Registries, []string{"y"}, "sync", "bring what the target is behind: of the sync, or of this tag (asks first)", 35},
	{CancelRun, Registries, []string{"x"}, "cancel", "cancel the run after a question", 45},
	{Acts, Registries, []string{"a"}, "act", "what can be done with this or with the marked ones", 50},
	{Wrap, Registries, []string{"w"}, "", "wrap long lines", 0},
	{Copy, Registries, []string{"c"}, "", "copy name, digest or this text", 0},

	{ActCopyTag, Tags, []string{"A"}, "copy as", "copy the image under another name (asks first)", 52},
	{ActDeleteTag, Tags, []string{"M", "delete"}, "delete", "delete the tag from a registry (asks first)", 54},

	{ActSync, Tag, []string{"y"}, "sync", "bring it where it is missing or old (asks first)", 10},
	{ActCopyTag, Tag, []string{"A"}, "copy as", "copy the image under another name (asks first)", 20},
	{ActDeleteTag, Tag, []string{"M", "delete"}, "delete", "delete the tag from a registry (asks first)", 30},
	{CancelRun, Tag, []string{"x"}, "cancel", "cancel the run after a question", 40},
	{Acts, Tag, []string{"a"}, "act", "what can be done with it", 50},
	{Search, Tag, []string{"/"}, "filter", "show only the lines that match", 60},
	{Wrap, Tag, []string{"w"}, "wrap", "wrap long lines", 0},
	{Copy, Tag, []string{"c"}, "copy", "copy the name, a digest or this text", 70},
	{ActDeploy, Services, []string{"d"}, "deploy", "deploy a release to the colour that is not live (asks first)", 35},
	{DeploySwap, Services, []string{"D"}, "", "deploy, and swap to it when it has passed the gate (asks first)", 0},
	{ActSwap, Services, []string{"s"}, "swap", "send the users to the other colour (asks first)", 40},
	{ActRollback, Services, []string{"b"}, "roll back", "send the users back to the colour before, while it is kept (asks first)", 45},
	{ActRetire, Services, []string{"E"}, "retire", "take the colour that is not live away (asks first)", 55},
	{ActSettle, Services, []string{"K"}, "", "make the proxies keep what they have live (asks first)", 0},
	{Acts, Services, []string{"a"}, "act", "what can be done with this service", 50},
	{CancelRun, Services, []string{"x"}, "", "cancel the run that is going on", 0},
	{ResumeRun, Services, []string{"u"}, "", "go on with a run that was left half way", 0},

	{ActDeploy, Service, []string{"d"}, "deploy", "deploy a release to the colour that is not live (asks first)", 10},
	{DeploySwap, Service, []string{"D"}, "", "deploy, and swap to it when it has passed the gate (asks first)", 0},
	{ActSwap, Service, []string{"s"}, "swap", "send the users to the other colour (asks first)", 20},
	{ActRollback, Service, []string{"b"}, "roll back", "send the users back to the colour before, while it is kept (asks first)", 30},
	{ActRetire, Service, []string{"E"}, "retire", "take the colour that is not live away (asks first)", 40},
	{ActSettle, Service, []string{"K"}, "settle", "make the proxies keep what they have live (asks first)", 0},
	{Acts, Service, []string{"a"}, "act", "what can be done with it", 50},
	{CancelRun, Service, []string{"x"}, "", "cancel the run that is going on", 0},
	{ResumeRun, Service, []string{"u"}, "", "go on with a run that was left half way", 0},
	{Search, Service, []string{"/"}, "filter", "show only the lines that match", 60},
	{Wrap, Service, []string{"w"}, "", "wrap long lines", 0},
	{Copy, Service, []string{"c"}, "copy", "copy the name, a digest or this text", 70},

	{Open, Runs, []string{"enter"}, "open", "show the steps of the run", 10},
	{CancelRun, Runs, []string{"x"}, "cancel", "cancel the run after a question", 40},
	{ResumeRun, Runs, []string{"u"}, "resume", "go on with an unfinished run", 50},
	{RollbackRun, Runs, []string{"b"}, "roll back", "undo what an unfinished run did", 55},

	{CancelRun, Run, []string{"x"}, "cancel", "cancel the run after a question", 10},
	{ResumeRun, Run, []string{"u"}, "resume", "go on with an unfinished run", 20},
	{RollbackRun, Run, []string{"b"}, "roll back", "undo what an unfinished run did", 30},
	{Wrap, Run, []string{"w"}, "wrap", "wrap long lines", 0},
	{Copy, Run, []string{"c"}, "copy", "copy the run's ID or its output", 40},
}
