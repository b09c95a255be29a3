package lab

import (
	"cmp"
	"fmt"
	"strings"
	"time"
)

// author writes one entry of a log: one line or several that belong together.
// The whim is the only source of variety, so the same whim reads the same.
type author func(whim uint64, at time.Time) []line

var authors = map[string]author{
	"nginx":    nginxLog,
	"go":       goLog,
	"java":     javaLog,
	"postgres": postgresLog,
	"redis":    redisLog,
	"rabbit":   rabbitLog,
	"cron":     cronLog,
	"colour":   colourLog,
}

// pick takes one of the words; n keeps picks of one whim apart.
func pick(whim uint64, n uint64, words ...string) string {
	return words[mix(whim, n)%uint64(len(words))]
}

func out(at time.Time, text string) []line    { return []line{{at, stdout, text}} }
func errOut(at time.Time, text string) []line { return []line{{at, stderr, text}} }

var paths = []string{"/", "/api/v1/orders", "/api/v1/orders/8812", "/api/v1/users/me", "/assets/app.7f3c.js", "/assets/style.css", "/healthz", "/search?q=%E6%9D%B1%E4%BA%AC", "/cart", "/login"}

var agents = []string{"Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0", "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15", "curl/8.14.1", "kube-probe/1.33", "Go-http-client/2.0"}

func nginxLog(whim uint64, at time.Time) []line {
	if whim%97 == 0 {
		return errOut(at, fmt.Sprintf(`%s [error] 29#29: *%d upstream timed out (110: Connection timed out) while reading response header from upstream, client: 10.4.%d.%d, upstream: "http://172.20.0.5:8080/api/v1/orders"`,
			at.Format("2006/01/02 15:04:05"), whim%90000, whim>>8%256, whim>>16%256))
	}
	status := pick(whim, 1, "200", "200", "200", "200", "200", "200", "304", "304", "301", "404", "499", "502")
	return out(at, fmt.Sprintf(`10.4.%d.%d - - [%s] "%s %s HTTP/1.1" %s %d "-" "%s" rt=%.3f`,
		whim>>8%4, whim>>16%256, at.Format("02/Jan/2006:15:04:05 -0700"), pick(whim, 2, "GET", "GET", "GET", "POST"),
		pick(whim, 3, paths...), status, mix(whim, 4)%48000, pick(whim, 5, agents...), 0.002+0.2*unit(mix(whim, 6))))
}

func goLog(whim uint64, at time.Time) []line {
	level := pick(whim, 1, "INFO", "INFO", "INFO", "INFO", "INFO", "DEBUG", "DEBUG", "WARN", "ERROR")
	message := pick(whim, 2, "request served", "order accepted", "cache hit", "session renewed", "payment captured")
	extra := ""
	switch level {
	case "WARN":
		message, extra = "slow query", `,"statement":"select * from orders where customer = $1"`
	case "ERROR":
		message, extra = "request failed", `,"error":"context deadline exceeded"`
	}
	text := fmt.Sprintf(`{"time":"%s","level":"%s","msg":"%s","trace":"%016x","path":"%s","status":%s,"ms":%.1f%s}`,
		at.UTC().Format(time.RFC3339Nano), level, message, whim, pick(whim, 3, paths...), pick(whim, 4, "200", "200", "200", "201", "404"), 400*unit(mix(whim, 5)), extra)
	if level == "ERROR" {
		return errOut(at, text)
	}
	return out(at, text)
}

func javaLog(whim uint64, at time.Time) []line {
	stamp := at.Format("2006-01-02 15:04:05.000")
	class := pick(whim, 1, "c.e.orders.OrderService", "c.e.billing.InvoiceJob", "o.s.web.servlet.DispatcherServlet", "c.e.mail.Outbox")
	if whim%23 != 0 {
		return out(at, fmt.Sprintf("%s  %-5s 1 --- [exec-%d] %-36s : %s", stamp, pick(whim, 2, "INFO", "INFO", "INFO", "DEBUG", "WARN"), whim%16, class,
			pick(whim, 3, "Completed 200 OK", "Invoice 2026-118 sent", "Batch of 200 rows written", "Pool stats (total=10, active=3, idle=7, waiting=0)")))
	}
	trace := []string{
		fmt.Sprintf("%s  ERROR 1 --- [exec-%d] %-36s : Unhandled exception", stamp, whim%16, class),
		`java.lang.IllegalStateException: order 8812 is already closed`,
		"\tat com.example.orders.OrderService.close(OrderService.java:142)",
		"\tat com.example.orders.OrderController.put(OrderController.java:61)",
		"\tat org.springframework.web.servlet.DispatcherServlet.doDispatch(DispatcherServlet.java:1089)",
		"\tat java.base/java.lang.Thread.run(Thread.java:1583)",
		"Caused by: java.sql.SQLTransientConnectionException: HikariPool-1 - Connection is not available, request timed out after 30000ms.",
		"\tat com.zaxxer.hikari.pool.HikariPool.createTimeoutException(HikariPool.java:686)",
		"\t... 42 more",
	}
	lines := make([]line, len(trace))
	for i, t := range trace {
		lines[i] = line{at.Add(time.Duration(i) * time.Microsecond), stderr, t}
	}
	return lines
}

func postgresLog(whim uint64, at time.Time) []line {
	stamp := at.UTC().Format("2006-01-02 15:04:05.000 UTC")
	switch whim % 9 {
	case 0, 1:
		return errOut(at, fmt.Sprintf("%s [27] LOG:  checkpoint complete: wrote %d buffers (0.%d%%); write=%.3f s, sync=0.004 s, total=%.3f s", stamp, whim>>8%900, whim>>16%9, 20*unit(whim), 20*unit(whim)+0.03))
	case 2:
		return []line{
			{at, stderr, fmt.Sprintf("%s [%d] ERROR:  duplicate key value violates unique constraint \"orders_pkey\"", stamp, 100+whim>>8%800)},
			{at.Add(time.Microsecond), stderr, fmt.Sprintf("%s [%d] DETAIL:  Key (id)=(%d) already exists.", stamp, 100+whim>>8%800, whim>>20%99999)},
		}
	}
	return errOut(at, fmt.Sprintf("%s [%d] LOG:  duration: %.3f ms  execute <unnamed>: %s", stamp, 100+whim>>8%800, 900*unit(mix(whim, 1)),
		pick(whim, 2, "SELECT * FROM orders WHERE id = $1", "UPDATE stock SET free = free - $1 WHERE sku = $2", "INSERT INTO audit VALUES ($1, $2, $3)")))
}

func redisLog(whim uint64, at time.Time) []line {
	return out(at, "1:M "+at.Format("02 Jan 2006 15:04:05.000")+" * "+pick(whim, 1,
		"100 changes in 300 seconds. Saving...", "Background saving started by pid 214", "DB saved on disk", "Background saving terminated with success"))
}

func rabbitLog(whim uint64, at time.Time) []line {
	return out(at, fmt.Sprintf("%s [%s] <0.%d.0> %s", at.Format("2006-01-02 15:04:05.000000-07:00"), pick(whim, 1, "info", "info", "info", "warning"), 500+whim%4000,
		pick(whim, 2, "accepting AMQP connection 172.20.0.7:51514 -> 172.20.0.4:5672", "closing AMQP connection (172.20.0.7:51514 -> 172.20.0.4:5672)", "queue 'mail' in vhost '/': 12 messages ready", "memory resource limit alarm cleared on node rabbit@queue")))
}

func cronLog(whim uint64, at time.Time) []line {
	return out(at, fmt.Sprintf("%s job=%s %s", at.Format(time.RFC3339), pick(whim, 1, "rotate-reports", "close-carts", "send-digest", "在庫確認"), pick(whim, 2, "started", "finished in 1.2s", "finished in 0.4s", "nothing to do")))
}

// colourLog is what a development server writes to a terminal.
func colourLog(whim uint64, at time.Time) []line {
	code := pick(whim, 1, "32", "32", "32", "33", "31")
	word := map[string]string{"32": "ready", "33": "warn ", "31": "error"}[code]
	return out(at, fmt.Sprintf("\x1b[2m%s\x1b[0m \x1b[1;%sm%s\x1b[0m %s \x1b[36m%dms\x1b[0m", at.Format("15:04:05"), code, word,
		pick(whim, 2, "compiled src/pages/index.tsx", "hot reload 🔥 src/cart.ts", "GET /api/v1/orders", "画面を更新しました"), whim%900))
}

// lastWords are what a program says before it crashes.
func (e *Engine) lastWords(c *instance) {
	name := cmp.Or(c.spec.Service, c.name)
	if c.spec.Logs == "" {
		return
	}
	e.write(c, stderr, strings.Join([]string{
		"panic: " + name + ": cannot reach queue: dial tcp 172.20.0.4:5672: connect: connection refused", "",
		"goroutine 1 [running]:", "main.(*consumer).run(0xc00011e000)", "\t/src/cmd/" + name + "/main.go:88 +0x1c5",
		"main.main()", "\t/src/cmd/" + name + "/main.go:41 +0x2f3", "exit status 2",
	}, "\n"))
}
