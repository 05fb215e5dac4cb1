package cluster

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"gitlab.com/ska-telescope/notation-provider/cmd/notation-provider/internal/workload"
	"gitlab.com/ska-telescope/notation-provider/provider/egress"
)

// resource is a kind of objects that a report is made of.
type resource struct {
	group string // with its version, as in a path: /api/v1
	name  string // the plural
	kind  string
	// optional is for what a cluster may not have.
	optional bool
}

func resources() []resource {
	const constraints, exceptions = "/apis/constraints.gatekeeper.sh/v1beta1", "/apis/notation-provider.internal/v1"
	return []resource{
		{"/api/v1", "pods", "Pod", false},
		{constraints, "signedimages", "SignedImages", true},
		{exceptions, "clusterimageexceptions", "ClusterImageException", true},
		{exceptions, "imageexceptions", "ImageException", true},
	}
}

// complete adds the kind of an object with its group, which the API server leaves out in lists of its own kinds. An object of
// another kind is an error: a constraint or an exception that is not read as one would not count.
func (r resource) complete(object map[string]any) error {
	apiVersion := strings.TrimPrefix(strings.TrimPrefix(r.group, "/apis/"), "/api/")
	for _, field := range []struct{ name, is string }{{"kind", r.kind}, {"apiVersion", apiVersion}} {
		if object[field.name] == nil {
			object[field.name] = field.is
		}
		if object[field.name] != field.is {
			return fmt.Errorf("one of the objects has another %s than %s; see whether KUBERNETES_SERVICE_HOST leads to the API server", field.name, field.is)
		}
	}
	return nil
}

// errAbsent is an API server that does not have a resource.
var errAbsent = errors.New("the cluster does not have it")

// errNoPage is an answer that is something else than was asked for.
var errNoPage = errors.New("the API server's answer is no page of a list; see whether KUBERNETES_SERVICE_HOST leads to it")

// List hands on each object of all namespaces, and returns the names of the resources that the cluster does not have. An
// error says what could not be listed: then what was handed on is only a part.
func (c *Client) List(ctx context.Context, each func(object map[string]any) error) (absent []string, err error) {
	pages := pages{client: c, each: each}
	for _, r := range resources() {
		err := pages.all(ctx, r)
		switch {
		case errors.Is(err, errAbsent) && r.optional:
			absent = append(absent, r.name)
		case err != nil:
			return nil, fmt.Errorf("list %s: %w", r.name, err)
		}
	}
	return absent, nil
}

// pages reads lists, page by page.
type pages struct {
	client *Client
	each   func(object map[string]any) error
	reader workload.Reader
	next   string // where the list goes on; "" at its end
	lists  int    // in the page
}

// all reads all pages of a list.
func (p *pages) all(ctx context.Context, r resource) error {
	p.reader.Most = maxPage
	p.reader.List = p.end
	p.reader.Each = func(object map[string]any) error {
		if err := r.complete(object); err != nil {
			return err
		}
		return p.each(object)
	}
	p.next = ""
	for n := range maxPages {
		if err := p.page(ctx, r, n == 0); err != nil {
			return err
		}
		if p.next == "" {
			return nil
		}
	}
	return fmt.Errorf("it goes on after %d pages; give the report files, for some namespaces at a time", maxPages)
}

// page reads one page.
func (p *pages) page(ctx context.Context, r resource, first bool) error {
	query := url.Values{"limit": {strconv.Itoa(objectsOfPage)}}
	before := p.next
	if !first {
		query.Set("continue", before)
	}
	body, err := p.client.get(ctx, r.group+"/"+r.name+"?"+query.Encode())
	if err != nil {
		if !first && errors.Is(err, errAbsent) {
			return errors.New("it went away while it was listed; make the report again")
		}
		return err
	}
	defer body.Close()
	p.next, p.lists = "", 0
	if err := p.reader.Read(body, "the API server's answer"); err != nil {
		return err
	}
	if p.lists != 1 || !first && p.next == before {
		return errNoPage
	}
	return nil
}

// end notes where a list goes on.
func (p *pages) end(rest map[string]any) error {
	next := workload.At(rest, "metadata", "continue")
	text, isText := next.(string)
	if next != nil && !isText {
		return errNoPage // what follows would be left out
	}
	p.next = text
	p.lists++
	return nil
}

// get asks for a path.
func (c *Client) get(ctx context.Context, path string) (io.ReadCloser, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "https://"+c.server+path, http.NoBody)
	if err != nil {
		return nil, err
	}
	request.Header.Set("Authorization", "Bearer "+c.token)
	request.Header.Set("Accept", "application/json")
	response, err := c.http.Do(request)
	if err != nil {
		if fault := egress.FaultOf(err); fault != "" {
			return nil, fmt.Errorf("the API server %s: %w; %s", fault, err, fault.Advice())
		}
		return nil, err
	}
	if response.StatusCode == http.StatusOK {
		return response.Body, nil
	}
	_ = response.Body.Close()
	return nil, c.refused(response.StatusCode)
}

// refused says what to do about a status.
func (c *Client) refused(status int) error {
	switch status {
	case http.StatusNotFound:
		return errAbsent
	case http.StatusUnauthorized:
		return fmt.Errorf("the API server does not take the token in %s (401); see whether it is that of this cluster", c.account)
	case http.StatusForbidden:
		return errors.New("the pod's service account may not (403); let a ClusterRole allow it to list pods, signedimages, clusterimageexceptions and imageexceptions")
	case http.StatusGone:
		return errors.New("the list changed too much while it was read (410); make the report again")
	}
	return fmt.Errorf("the API server answered %d; make the report again", status)
}
