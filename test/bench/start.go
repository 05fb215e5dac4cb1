package main

import (
	"context"
	"time"

	"gitlab.com/ska-telescope/notation-provider/test/rig"
)

// settle is how long a server is left alone before its memory is read.
const settle = 300 * time.Millisecond

// start measures how long a server takes to be ready, and what it holds then.
func start(ctx context.Context, world *rig.World, o options, r *record) error {
	step("start: from exec to ready, and the memory of a server that has nothing to do")
	file, err := configure(ctx, world, o)
	if err != nil {
		return err
	}
	return r.hold(ctx, contest{name: "start", sides: map[string]side{
		floor: starting(func(ctx context.Context) (*process, error) { return launchFloor(ctx, world, o, nil) }),
		ours: starting(func(ctx context.Context) (*process, error) {
			return launch(ctx, o.provider, "serve", "--config", file)
		}),
	}}, o.count)
}

// starting is a side that starts a server, looks at it, and ends it.
func starting(launch func(context.Context) (*process, error)) side {
	return func(ctx context.Context) (result, error) {
		p, err := launch(ctx)
		if err != nil {
			return result{}, err
		}
		defer p.end()
		if err := pause(ctx, settle); err != nil {
			return result{}, err
		}
		memory, err := p.metric(ctx, "process_resident_memory_bytes")
		return result{n: 1, values: []value{{"ns/op", float64(p.ready)}, {"rss-bytes", memory}}}, err
	}
}
