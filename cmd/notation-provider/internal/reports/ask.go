package reports

import (
	"context"

	"golang.org/x/sync/errgroup"
)

// Ask asks about keys, some at a time, and returns the answers by key. After each answer it calls progress with the number
// of answers so far, one call at a time. Its only error is that of the context.
func Ask(ctx context.Context, keys []string, concurrency int, ask func(context.Context, string) Verdict, progress func(done int)) (map[string]Verdict, error) {
	type answer struct {
		key     string
		verdict Verdict
	}
	answers, done := make(chan answer), make(chan struct{})
	found := make(map[string]Verdict, len(keys))
	go func() {
		defer close(done)
		for a := range answers {
			found[a.key] = a.verdict
			progress(len(found))
		}
	}()
	var group errgroup.Group
	group.SetLimit(concurrency)
	for _, key := range keys {
		if ctx.Err() != nil {
			break
		}
		group.Go(func() error {
			answers <- answer{key, ask(ctx, key)}
			return nil
		})
	}
	_ = group.Wait() // its functions do not fail
	close(answers)
	<-done
	return found, ctx.Err()
}
