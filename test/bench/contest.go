package main

import (
	"context"
	"fmt"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"
)

// The two sides of every contest.
const (
	floor = "floor"
	ours  = "ours"
)

const (
	// roundTime is how long a side is measured in a round.
	roundTime = 900 * time.Millisecond
	// warmUpTime is how long it runs before that, to have the processor to itself
	// again after the other side's turn.
	warmUpTime = 100 * time.Millisecond
)

// limit is how far above the floor we may be in what somebody waits for.
const limit = 1.30

// contest is one thing that is measured of both sides.
type contest struct {
	// name is in Go's form: words apart by slashes, the later ones key=value.
	name  string
	sides map[string]side
	// limits are those of the ratios, by unit; a unit without one has none.
	limits map[string]float64
}

// side runs one round and says what it took.
type side func(ctx context.Context) (result, error)

// result is what came of one round: how often the thing was done, and what one
// took, by unit.
type result struct {
	n      int
	all    int // with those of the warm-up
	values []value
}

type value struct {
	unit   string
	amount float64
}

// hold plays the rounds of a contest. Who begins changes from round to round.
func (r *record) hold(ctx context.Context, c contest, rounds int) error {
	order := []string{floor, ours}
	for range rounds {
		for _, name := range order {
			result, err := c.sides[name](ctx)
			if err != nil {
				return fmt.Errorf("%s, %s: %w", c.name, name, err)
			}
			r.add(c, name, result)
		}
		slices.Reverse(order)
	}
	step("  %s", r.line(c.name))
	return nil
}

// repeat warms up, and then counts how often clients do a thing in a round, each
// one time after the other. It is given its turn: 0, 1, 2… of each client.
func repeat(ctx context.Context, clients int, do func(ctx context.Context, turn int) error) (result, error) {
	before, _, err := during(ctx, warmUpTime, clients, do)
	if err != nil {
		return result{}, err
	}
	n, took, err := during(ctx, roundTime, clients, do)
	if err != nil {
		return result{}, err
	}
	return result{n: n, all: before + n, values: []value{{"ns/op", float64(took.Nanoseconds()) / float64(n)}}}, nil
}

func during(ctx context.Context, span time.Duration, clients int, do func(ctx context.Context, turn int) error) (n int, took time.Duration, err error) {
	done := make([]int, clients)
	began := time.Now()
	group, ctx := errgroup.WithContext(ctx)
	for client := range clients {
		group.Go(func() error {
			turn := 0
			for ; time.Since(began) < span; turn++ {
				if err := do(ctx, turn); err != nil {
					return err
				}
			}
			done[client] = turn
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return 0, 0, err
	}
	for _, turns := range done {
		n += turns
	}
	return n, time.Since(began), nil
}
