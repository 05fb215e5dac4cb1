package policies_test

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/rego"
	"github.com/open-policy-agent/opa/v1/topdown"
)

// finders are the rules that find the images, and say that an image which is not admitted is denied. If they find none,
// there is none to deny; the Rego tests and the suites hold them.
var finders = map[string][]string{
	"lib/review/review.rego":   {"judged", "_uses", "_specs", "_paths", "_fields"},
	"signedimages/policy.rego": {"violation"},
	"pinnedimages/policy.rego": {"violation"},
}

// Nothing that becomes undefined, in the policies and in the library that they use, admits an object that was denied: each
// expression of each body in turn, in rules, comprehensions and values. A negated one becomes true.
func TestNothingUndefinedAdmits(t *testing.T) {
	t.Parallel()
	whole := newPanel(t)
	whole.check(t, "with everything", mustBeDenied())
	whole.check(t, "with everything", crowded())
	usual, crowd := whole.changed(t, mustBeDenied()), whole.changed(t, crowded())
	for _, path := range slices.Sorted(maps.Keys(whole.modules)) {
		if strings.HasSuffix(path, "_test.rego") || path == "mock.rego" {
			continue
		}
		decisions := []map[place]map[string]denied{usual}
		if strings.HasPrefix(path, "lib/denial") {
			decisions = append(decisions, crowd)
		}
		t.Run(path, func(t *testing.T) {
			whole.withoutEach(t, path, decisions) // one after the other: what is taken away is missing
		})
	}
}

// withoutEach makes each expression of a module undefined in turn, and asks for the decisions that this may change.
func (p *panel) withoutEach(t *testing.T, path string, decisions []map[place]map[string]denied) {
	t.Helper()
	tried := 0
	for _, e := range conditions(p.modules[path]) {
		if slices.Contains(finders[path], e.rule) {
			continue
		}
		tried++
		e.body[e.index] = ast.NewExpr(ast.BooleanTerm(e.was.Negated))
		for _, at := range decisions {
			p.check(t, fmt.Sprintf("%s: without %s", e.was.Location, e.was), at[placeOf(e.was)])
		}
		e.body[e.index] = e.was
	}
	t.Logf("%d expressions", tried)
}

// place tells expressions apart. Those that the compiler makes of one have its place, or places of their own within it.
type place struct {
	file   string
	offset int
}

// placeOf is empty for an expression that has no place, as in the query, which each decision evaluates.
func placeOf(e *ast.Expr) place {
	if e.Location == nil {
		return place{}
	}
	return place{e.Location.File, e.Location.Offset}
}

// changed has, by place, the decisions that may change when the expression there becomes undefined: where it held, or where a
// negated one failed.
func (p *panel) changed(t *testing.T, decisions map[string]denied) map[place]map[string]denied {
	t.Helper()
	at := map[place]map[string]denied{}
	for name, d := range decisions {
		seen := tracer{found: map[place]bool{}, op: heldOrFailed}
		if _, err := p.queries[d.policy].Eval(t.Context(), rego.EvalParsedInput(d.input), rego.EvalQueryTracer(seen)); err != nil {
			t.Fatal(err)
		}
		for place := range seen.found {
			if at[place] == nil {
				at[place] = map[string]denied{}
			}
			at[place][name] = d
		}
	}
	return at
}

// heldOrFailed is what OPA does with an expression that held, once it goes back over it, or with a negated one that failed.
func heldOrFailed(e *ast.Expr) topdown.Op {
	if e.Negated {
		return topdown.FailOp
	}
	return topdown.RedoOp
}

// tracer finds the places of the expressions with which OPA does that.
type tracer struct {
	found map[place]bool
	op    func(*ast.Expr) topdown.Op
}

func (tracer) Enabled() bool               { return true }
func (tracer) Config() topdown.TraceConfig { return topdown.TraceConfig{} }
func (r tracer) TraceEvent(e topdown.Event) {
	if expression, ok := e.Node.(*ast.Expr); ok && e.Op == r.op(expression) {
		r.found[placeOf(expression)] = true
	}
}

// panel is both policies, compiled.
type panel struct {
	modules map[string]*ast.Module
	queries map[string]rego.PreparedEvalQuery
}

func newPanel(t *testing.T) *panel {
	t.Helper()
	all := modules(t)
	const answer = "package mock\n\nanswer(_) := input.response if input.response != null"
	mock, err := ast.ParseModuleWithOpts("mock.rego", answer, ast.ParserOptions{RegoVersion: ast.RegoV1})
	if err != nil {
		t.Fatal(err)
	}
	all["mock.rego"] = mock
	c := compiler()
	if c.Compile(all); c.Failed() {
		t.Fatal(c.Errors)
	}
	p := &panel{c.Modules, map[string]rego.PreparedEvalQuery{}}
	for _, policy := range []string{"signedimages", "pinnedimages"} {
		query := "some v in data." + policy + ".violation with external_data as data.mock.answer; is_string(v.msg)"
		p.queries[policy], err = rego.New(rego.Compiler(c), store(unsoundObjects()), rego.Query(query)).PrepareForEval(context.Background())
		if err != nil {
			t.Fatal(err)
		}
	}
	return p
}

// check fails the test where a policy does not deny, and say so.
func (p *panel) check(t *testing.T, why string, decisions map[string]denied) {
	t.Helper()
	for name, d := range decisions {
		results, err := p.queries[d.policy].Eval(t.Context(), rego.EvalParsedInput(d.input))
		if err != nil {
			t.Fatal(err)
		}
		if len(results) == 0 {
			t.Errorf("%s: %s is admitted", why, name)
		}
	}
}
