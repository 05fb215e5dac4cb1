package engine

import (
	"context"
	"errors"
	"io"
	"sync"
	"time"

	"github.com/open-policy-agent/frameworks/constraint/pkg/client/reviews"
	"github.com/open-policy-agent/frameworks/constraint/pkg/core/templates"
	"github.com/open-policy-agent/frameworks/constraint/pkg/externaldata"
	"github.com/open-policy-agent/frameworks/constraint/pkg/types"
	"github.com/open-policy-agent/gatekeeper/v3/pkg/gator"
	"github.com/open-policy-agent/gatekeeper/v3/pkg/target"
	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/topdown"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// errList says that templates would look for an image in a list itself, and find none.
var errList = errors.New("this is a list, and templates do not look into its items; give each item on its own")

// Options say who answers external_data.
type Options struct {
	Providers []Provider

	// Identity is shown to those providers that ask for a client certificate; nil for none.
	Identity *Identity

	// Observe is told of every call of external_data, one at a time; nil is fine.
	Observe func(Call)

	// AsOf is the time that templates see; zero is the time of each review.
	AsOf time.Time

	// Trace asks for a trace of each review; Print takes what templates print, and nil drops it.
	Trace bool
	Print io.Writer
}

// process guards what is there once for the whole process: OPA's registry of builtins, which making a driver writes,
// compiling and evaluating read. And the connections of Gatekeeper's client for providers, which it keeps by the provider's
// name, for all clients and client certificates.
var process struct {
	sync.Mutex
	last *Client // that reviewed
}

// Client is gator's client with external_data. It is safe for concurrent use; so are several.
type Client struct {
	client   gator.Client
	real     topdown.BuiltinFunc       // external_data of this client's driver
	asOf     time.Time                 // zero: now
	known    map[string]bool           // its providers
	rules    map[string]rules          // by the kind of constraint
	kinds    map[string]*exceptionKind // of exceptions that are objects; read with the first of them
	observe  func(Call)
	problems []error // of the review under way
	calls    []Call  // likewise
}

var _ gator.Client = (*Client)(nil)

// NewClient makes a client. Further options are gator's own.
func NewClient(o Options, further ...gator.Opt) (*Client, error) {
	cache, err := resources(o.Providers)
	if err != nil {
		return nil, err
	}
	c := &Client{known: map[string]bool{}, rules: map[string]rules{}, observe: o.Observe, asOf: o.AsOf}
	if c.observe == nil {
		c.observe = func(Call) {}
	}
	for _, p := range o.Providers {
		c.known[p.Name] = true
	}
	further = append(further, gator.WithK8sCEL(), externalData(cache, o.Identity))
	if o.Print != nil {
		further = append(further, gator.WithPrintHook(o.Print))
	}
	process.Lock()
	defer process.Unlock()
	if c.client, err = gator.NewOPAClient(o.Trace, further...); err != nil {
		return nil, err
	}
	c.real = topdown.GetBuiltin(builtin)
	return c, nil
}

// AddTemplate compiles a template.
func (c *Client) AddTemplate(ctx context.Context, t *templates.ConstraintTemplate) (*types.Responses, error) {
	process.Lock()
	defer process.Unlock()
	responses, err := c.client.AddTemplate(ctx, t)
	if err != nil {
		return nil, err
	}
	c.rules[t.Spec.CRD.Spec.Names.Kind], err = rulesOf(t)
	return responses, err
}

// AddConstraint adds a constraint of a template that was added before. It refuses one that the API server refuses, and one
// that could never deny.
func (c *Client) AddConstraint(ctx context.Context, constraint *unstructured.Unstructured) (*types.Responses, error) {
	process.Lock()
	defer process.Unlock()
	if err := checkVersion(constraint); err != nil {
		return nil, err
	}
	responses, err := c.client.AddConstraint(ctx, constraint)
	if err != nil {
		return nil, err
	}
	return responses, errors.Join(c.rules[constraint.GetKind()].check(ctx, constraint), checkConstraint(constraint))
}

// AddData adds an object to data.inventory. It refuses an exception that the API server refuses.
func (c *Client) AddData(ctx context.Context, data any) (*types.Responses, error) {
	process.Lock()
	defer process.Unlock()
	if object, ok := data.(*unstructured.Unstructured); ok && RoleOf(object) == Excepting {
		if err := c.checkException(ctx, object); err != nil {
			return nil, err
		}
	}
	return c.client.AddData(ctx, data)
}

// RemoveData removes an object from data.inventory.
func (c *Client) RemoveData(ctx context.Context, data any) (*types.Responses, error) {
	process.Lock()
	defer process.Unlock()
	return c.client.RemoveData(ctx, data)
}

// Review decides on an object. That a template asks an unknown provider is an [UnknownProviderError], whatever the template
// makes of it.
func (c *Client) Review(ctx context.Context, object any, opts ...reviews.ReviewOpt) (*types.Responses, error) {
	responses, _, err := c.review(ctx, object, opts...)
	return responses, err
}

// review is Review, and returns the calls of external_data as well.
func (c *Client) review(ctx context.Context, object any, opts ...reviews.ReviewOpt) (*types.Responses, []Call, error) {
	if augmented, ok := object.(target.AugmentedUnstructured); ok && isList(&augmented.Object) {
		return nil, nil, errList
	}
	process.Lock()
	defer process.Unlock()
	c.problems, c.calls = nil, nil
	if process.last != c {
		c.disconnect() // what another client connected
	}
	process.last = c
	topdown.RegisterBuiltinFunc(builtin, c.listen)
	topdown.RegisterBuiltinFunc(ast.NowNanos.Name, c.now)
	responses, err := c.client.Review(ctx, object, opts...)
	if err := errors.Join(append(c.problems, err)...); err != nil {
		return nil, nil, err
	}
	if len(responses.ByTarget) == 0 {
		return nil, nil, errors.New("the engine of Gatekeeper gave no answer")
	}
	return responses, c.calls, nil
}

// now is time.now_ns in Rego.
func (c *Client) now(bctx topdown.BuiltinContext, _ []*ast.Term, answer func(*ast.Term) error) error {
	if c.asOf.IsZero() {
		return answer(bctx.Time)
	}
	return answer(ast.IntNumberTerm(int(c.asOf.UnixNano())))
}

// Close closes the connections to the client's providers.
func (c *Client) Close() {
	process.Lock()
	defer process.Unlock()
	c.disconnect()
}

func (c *Client) disconnect() {
	for name := range c.known {
		externaldata.DefaultClientCache().Invalidate(name)
	}
}
