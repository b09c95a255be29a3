package lab

import (
	"fmt"
	"time"
)

// Many is n running containers, spread over an engine for every two thousand.
// Nothing happens to them by itself. They share what they have in common, so
// that ten thousand of them fit into a few megabytes.
func Many(n int) []EngineOptions {
	const crowd = 2000
	kindNames := []string{"web", "api", "worker", "db", "cache", "queue"}
	var out []EngineOptions
	for i := range n {
		if i%crowd == 0 {
			k := i / crowd
			out = append(out, EngineOptions{
				Name: fmt.Sprintf("many-%d", k+1), Site: []string{"tokyo", "shanghai"}[k%2], Environment: "verification",
				API: "1.52", Version: "29.1.3", CPUs: 64, Memory: 512 << 30,
			})
		}
		e := &out[len(out)-1]
		r := row{project: fmt.Sprintf("stack-%04d", i/len(kindNames)), service: kindNames[i%len(kindNames)], kind: kindNames[i%len(kindNames)]}
		r.age = time.Duration(1+i%9000) * time.Minute
		if s := kinds[r.kind]; len(s.Image) > 5 && s.Image[:5] == "team/" {
			r.tag = fmt.Sprintf("1.%d", i%20)
		}
		e.Containers = append(e.Containers, r.spec(tokyo))
	}
	return out
}
