package revocation

import (
	"bytes"
	"context"
	"crypto/x509"
	"io"
	"net/http"

	"gitlab.com/ska-telescope/notation-provider/provider/egress"
)

// fetch fetches a list, and keeps it if it passes every check. It goes on when its caller leaves: the transport
// bounds it in time.
func (l *lists) fetch(ctx context.Context, p place, q question) (*bundle, error) {
	fresh, err := join(ctx, &l.group, p.url+" "+p.key.issuer, func() (*bundle, error) {
		fresh, err := l.fetchBundle(context.WithoutCancel(ctx), p.url, q.issuer)
		switch {
		case err != nil:
			l.endpoints.failed(CRL, p.url, err)
		case l.kept.outdated(p.key, fresh):
			l.endpoints.failed(CRL, p.url, problemf("the list is older than one that was served before"))
		default:
			l.endpoints.answered(CRL, p.url, fresh.latest().ThisUpdate, fresh.nextUpdate())
		}
		return fresh, err
	})
	if err != nil {
		return nil, err
	}
	if err := p.covers(q.cert, fresh); err != nil {
		return nil, err
	}
	newest := l.kept.keep(p.key, fresh)
	if newest != fresh { // the fetch failed: what came is older
		l.failed.add(p.key)
	}
	return newest, nil
}

func (l *lists) fetchBundle(ctx context.Context, url string, issuer *x509.Certificate) (*bundle, error) {
	base, err := l.fetchList(ctx, url, issuer)
	if err != nil {
		return nil, err
	}
	if base.base != nil {
		return nil, problemf("the revocation list is a delta list, where a whole one must be")
	}
	b := &bundle{base: base, received: now()}
	if freshest := extension(base.Extensions, oidFreshestCRL); freshest != nil {
		b.delta, err = l.fetchDelta(ctx, freshest, base, issuer)
	}
	return b, err
}

// fetchDelta fetches what amends a list, from the first place that has it (RFC 5280 section 5.2.6). A delta list that the
// whole list is not older than adds nothing.
func (l *lists) fetchDelta(ctx context.Context, freshest []byte, base *list, issuer *x509.Certificate) (*list, error) {
	points, ok := parsePoints(freshest)
	if !ok {
		return nil, problemf("the revocation list names a delta list that cannot be read")
	}
	why := problems{}
	for _, p := range points {
		for _, url := range p.urls[:min(len(p.urls), maxURLs)] {
			delta, err := l.fetchList(ctx, url, issuer)
			if err == nil {
				err = delta.amends(base)
			}
			switch {
			case err != nil:
				why = append(why, at(url, err))
			case delta.Number.Cmp(base.Number) <= 0:
				return nil, nil //nolint:nilnil // nothing to add
			default:
				return delta, nil
			}
		}
	}
	return nil, append(why, problemf("the delta list that the revocation list names is not to be had"))
}

// amends says why a list does not amend a whole one (RFC 5280 section 5.2.4).
func (l *list) amends(base *list) error {
	switch {
	case l.base == nil, l.Number == nil, base.Number == nil, l.base.Cmp(base.Number) > 0:
		return problemf("the delta list is not for the revocation list that names it")
	case !bytes.Equal(l.idp, base.idp):
		return problemf("the delta list has another scope than the revocation list")
	}
	return nil
}

// fetchList fetches one list and accepts it as the issuer's.
func (l *lists) fetchList(ctx context.Context, url string, issuer *x509.Certificate) (*list, error) {
	if err := checkURL("the revocation list", url); err != nil {
		return nil, err
	}
	der, err := l.download(ctx, url)
	if err != nil {
		return nil, unanswered(thePlace, err)
	}
	fetched, err := parseList(der)
	if err != nil {
		return nil, err
	}
	return fetched, fetched.accept(issuer)
}

// download fetches a small list at once, and large ones one after the other. Failures and rate limits of a list's place
// count against that place alone. The responder at the same host may be well, and other lists.
func (l *lists) download(ctx context.Context, url string) ([]byte, error) {
	request, err := http.NewRequestWithContext(egress.ForRepository(ctx, url), http.MethodGet, url, nil)
	if err != nil {
		return nil, err
	}
	response, err := send(l.client, request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	small, err := io.ReadAll(io.LimitReader(response.Body, largeList))
	if err != nil || len(small) < largeList {
		return small, err
	}
	select {
	case l.large <- struct{}{}:
		defer func() { <-l.large }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	return readLarge(small, response)
}

// readLarge reads the rest of a list, into memory that is as large as it says it is.
func readLarge(begun []byte, response *http.Response) ([]byte, error) {
	whole := bytes.NewBuffer(begun)
	if response.ContentLength <= MaxListBytes {
		whole.Grow(int(max(response.ContentLength-largeList, 0)) + bytes.MinRead)
	}
	_, err := whole.ReadFrom(io.LimitReader(response.Body, MaxListBytes-largeList+1))
	if err == nil && whole.Len() > MaxListBytes {
		return nil, errLarge
	}
	return bytes.Clone(whole.Bytes()), err // without the room that it grew
}
