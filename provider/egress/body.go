package egress

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
)

const (
	// smallBody and smallCommas are what a body may have without a permit. An honest list of a hundred
	// signatures fits.
	smallBody   = 64 << 10
	smallCommas = 2 << 10
)

// ErrTooLarge is a body beyond the bound.
var ErrTooLarge = errors.New("response body too large")

// boundedBody ends its request's deadline when it is closed, and fails beyond the bound: a part
// of a body must not pass for the whole.
type boundedBody struct {
	io.Reader
	body   io.Closer
	left   int64
	commas int

	small       int64
	smallCommas int
	large       []Permits
	held        int // of large, from the first on

	ctx    context.Context //nolint:containedctx // the request's, which the body is part of
	cancel context.CancelFunc
}

func (b *boundedBody) Read(p []byte) (int, error) {
	if b.small <= 0 || b.smallCommas <= 0 {
		if err := b.await(); err != nil {
			return 0, err
		}
	}
	n, err := b.Reader.Read(p)
	commas := bytes.Count(p[:n], []byte{','})
	b.left -= int64(n)
	b.commas -= commas
	b.small -= int64(n)
	b.smallCommas -= commas
	if b.left < 0 || b.commas < 0 {
		return 0, ErrTooLarge
	}
	return n, err
}

// await waits for the permits of a large body.
func (b *boundedBody) await() error {
	for ; b.held < len(b.large); b.held++ {
		select {
		case b.large[b.held] <- struct{}{}:
		case <-b.ctx.Done():
			return fmt.Errorf("waiting to read a large answer: %w", b.ctx.Err())
		}
	}
	return nil
}

func (b *boundedBody) Close() error {
	defer b.cancel()
	for ; b.held > 0; b.held-- {
		<-b.large[b.held-1]
	}
	return b.body.Close()
}
