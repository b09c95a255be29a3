package command

import (
	"context"
	"errors"
	"fmt"

	"ringside/actions"
	"ringside/actions/deploy"
	"ringside/actions/service"
	"ringside/backends/fleet"
)

// checkService tests what a deploy of a service would need: its Compose file, its
// proxies, and that these send each colour to where it is published.
func (a *app) checkService(ctx context.Context, s fleet.Service) (string, error) {
	var errs []error
	for _, e := range s.Engines {
		if _, err := deploy.Describe(ctx, s, e, fleet.Blue); err != nil {
			errs = append(errs, err)
			break // the same file for all of them
		}
	}
	st := service.Look(ctx, a, s)
	var t service.Tell
	t.Proxies(st)
	for _, c := range fleet.Colours {
		t.Addresses(st, c)
	}
	for _, f := range t.Findings {
		if f.Level == actions.Block {
			errs = append(errs, fmt.Errorf("%s %s", f.Subject, f.Text))
		}
	}
	return fmt.Sprintf("%s is live, %s", st.Live, count(len(st.Proxies), "proxy")), errors.Join(errs...)
}
