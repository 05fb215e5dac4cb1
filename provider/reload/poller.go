package reload

import (
	"context"
	"log/slog"
	"slices"
	"sync"
	"time"
)

// Poller asks its sources, one after the other, to look at their files again.
// Make one with [New].
type Poller struct {
	every   time.Duration
	log     *slog.Logger
	observe func(source, outcome string)
	sources []Source

	mu     sync.Mutex
	status []Status // one for each source, in the same order
}

// New returns a poller that asks every source each interval, which must be
// positive. The sources have been loaded already: the first poll comes one
// interval after [Poller.Run] is called. For each source polled, observe is told
// its name and one of [Unchanged], [Changed] and [Failed]; it may be nil.
func New(every time.Duration, log *slog.Logger, observe func(source, outcome string), sources ...Source) *Poller {
	p := &Poller{every: every, log: log, observe: observe, sources: slices.Clone(sources)}
	if p.observe == nil {
		p.observe = func(string, string) {}
	}
	for _, s := range p.sources {
		p.status = append(p.status, Status{Source: s.Name(), Since: time.Now(), Loaded: time.Now(), Hash: hash(s), Notes: notes(s)})
	}
	return p
}

// Run polls until ctx is done, and then returns nil. Call it once.
func (p *Poller) Run(ctx context.Context) error {
	tick := time.NewTicker(p.every)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
			p.poll(ctx)
		}
	}
}

// Status says how each source stands, in the order they were given to [New].
// It may be called at any time.
func (p *Poller) Status() []Status {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.status)
}

// poll asks each source once. It holds no lock while a source works, as a slow
// disk must not hold up readiness.
func (p *Poller) poll(ctx context.Context) {
	for i, s := range p.sources {
		if ctx.Err() != nil {
			return
		}
		changed, err := s.Reload()
		p.note(i, changed, err, s)
		p.observe(s.Name(), outcome(changed, err))
	}
}

// note remembers how source i stands now, and logs what is news.
func (p *Poller) note(i int, changed bool, err error, s Source) {
	hash, notes := hash(s), notes(s)
	p.mu.Lock()
	defer p.mu.Unlock()
	was := p.status[i]
	p.status[i].Err, p.status[i].Hash, p.status[i].Notes = err, hash, notes
	if err == nil && changed {
		p.status[i].Loaded = time.Now()
	}
	if (was.Err == nil) != (err == nil) {
		p.status[i].Since = time.Now()
	}
	log := p.log.With("source", was.Source)
	switch {
	case err != nil && (was.Err == nil || was.Err.Error() != err.Error()):
		log.Error("reload failed", "error", err)
	case err == nil && was.Err != nil:
		log.Info("reload works again", "changed", changed, "failingSince", was.Since)
	case err == nil && changed:
		log.Info("reloaded")
	}
	for _, n := range notes {
		if !slices.Contains(was.Notes, n) {
			log.Warn("file not read", "warning", n)
		}
	}
}

func notes(s Source) []string {
	if noter, ok := s.(Noter); ok {
		return noter.Notes()
	}
	return nil
}

func hash(s Source) []byte {
	if hasher, ok := s.(Hasher); ok {
		return hasher.Hash()
	}
	return nil
}

func outcome(changed bool, err error) string {
	switch {
	case err != nil:
		return Failed
	case changed:
		return Changed
	default:
		return Unchanged
	}
}
