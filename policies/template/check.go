package template

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/types"
	"go.yaml.in/yaml/v4"
)

// Rego that is undefined denies nothing, and says nothing. So all that Gatekeeper would take and then leave undefined is
// refused here, with the line and the words to write instead:
//
//   - a library by its full path: Gatekeeper puts libraries elsewhere, and rewrites imports but not every path;
//   - a rule that the library does not have, and data that no template sees;
//   - a parameter that the schema does not have, and a field that no review has;
//   - a violation without a msg, which Gatekeeper drops.

// check refuses a policy of that kind. The schemas are those of its parameters, and of what policies have in common.
func check(policy module, libs []module, own, shared *yaml.Node) error {
	failed := []error{policy.violations(), policy.paths(), policy.inputs(own)}
	for _, lib := range libs {
		failed = append(failed, lib.paths(), lib.inputs(mapping(entry{"properties", shared})))
	}
	if err := errors.Join(failed...); err != nil {
		return err
	}
	return resolve(policy, libs)
}

// at says where in a file something is wrong.
func at(location *ast.Location, format string, args ...any) error {
	return fmt.Errorf("%s:%d: %w", location.File, location.Row, fmt.Errorf(format, args...))
}

// violations wants a set of objects with a msg, as far as that can be seen.
func (m module) violations() error {
	failed, found := []error{}, false
	for _, rule := range m.parsed.Rules {
		if rule.Head.Ref()[0].Value.Compare(ast.Var("violation")) != 0 {
			continue
		}
		found = true
		if rule.Head.RuleKind() != ast.MultiValue || len(rule.Head.Ref()) > 1 {
			failed = append(failed, at(rule.Location, `Gatekeeper reads a set of violations: write violation contains {"msg": …} if {…}`))
		} else if object, ok := rule.Head.Key.Value.(ast.Object); ok && object.Get(ast.StringTerm("msg")) == nil {
			failed = append(failed, at(rule.Location, "Gatekeeper drops a violation that has no msg, and admits the object"))
		}
	}
	if !found {
		failed = append(failed, at(m.parsed.Package.Location, "there is no violation, so nothing is denied"))
	}
	return errors.Join(failed...)
}

// paths refuses data by its full path, and imports of what is no package of the library.
func (m module) paths() error {
	var failed []error
	for _, i := range m.parsed.Imports {
		path, _ := i.Path.Value.(ast.Ref)
		if head := path[0].Value.String(); head != "rego" && head != "future" && libraryPackage(path) == "" {
			failed = append(failed, at(i.Location, "a template can import data.lib.PACKAGE, not %s", path))
		}
	}
	for _, rule := range m.parsed.Rules {
		visit(rule, func(ref ast.Ref) {
			switch name := libraryPackage(ref); {
			case name != "" && len(ref) > 3:
				failed = append(failed, at(ref[0].Location, "%s is undefined where Gatekeeper puts the library: import data.lib.%s, and write %s", ref, name, ref[2:].String()))
			case len(ref) < 2 || !ref[1].Equal(ast.StringTerm("inventory")):
				failed = append(failed, at(ref[0].Location, "%s is undefined in a template: import a package as data.lib.PACKAGE, or read data.inventory", ref))
			}
		}, "data")
	}
	return errors.Join(failed...)
}

// libraryPackage is the package of data.lib.PACKAGE, or of what stands below it; else it is empty.
func libraryPackage(path ast.Ref) string {
	if len(path) < 3 || path[0].Value.String() != "data" || !path[1].Equal(ast.StringTerm("lib")) {
		return ""
	}
	name, _ := path[2].Value.(ast.String)
	return string(name)
}

// fields are those of input.review: of an AdmissionRequest, and the one that Gatekeeper adds.
var fields = []string{
	"uid", "kind", "resource", "subResource", "requestKind", "requestResource", "requestSubResource", "name", "namespace",
	"operation", "userInfo", "object", "oldObject", "dryRun", "options", "namespaceObject",
}

// inputs refuses parameters that the schema does not have, and what no review has.
func (m module) inputs(schema *yaml.Node) error {
	var failed []error
	for _, rule := range m.parsed.Rules {
		visit(rule, func(ref ast.Ref) {
			text := func(i int) string {
				if i < len(ref) {
					name, _ := ref[i].Value.(ast.String)
					return string(name)
				}
				return ""
			}
			switch {
			case text(1) == "parameters" && !has(schema, ref[2:]):
				failed = append(failed, at(ref[0].Location, "%s is undefined: parameters.yaml has no such parameter", ref))
			case text(1) == "review" && len(ref) > 2 && !slices.Contains(fields, text(2)):
				failed = append(failed, at(ref[0].Location, "%s is undefined: a review has %s", ref, strings.Join(fields, ", ")))
			case text(1) != "parameters" && text(1) != "review":
				failed = append(failed, at(ref[0].Location, "%s is undefined: a template is given input.review and input.parameters", ref))
			}
		}, "input")
	}
	return errors.Join(failed...)
}

// has tells whether a schema has what a path names. What cannot be told is taken to be there.
func has(schema *yaml.Node, path ast.Ref) bool {
	for _, term := range path {
		properties, items := value(schema, "properties"), value(schema, "items")
		name, isName := term.Value.(ast.String)
		switch {
		case items != nil:
			schema = items
		case properties == nil || !isName:
			return true
		default:
			if schema = value(properties, string(name)); schema == nil {
				return false
			}
		}
	}
	return true
}

// visit calls what for each reference in a rule that begins with this name, and for the bare name.
func visit(rule *ast.Rule, what func(ast.Ref), name string) {
	var visitor *ast.GenericVisitor
	visitor = ast.NewGenericVisitor(func(x any) bool {
		switch x := x.(type) {
		case ast.Ref:
			if x[0].Value.Compare(ast.Var(name)) != 0 {
				return false
			}
			what(x)
			for _, term := range x[1:] {
				visitor.Walk(term)
			}
			return true
		case *ast.Term:
			if x.Value.Compare(ast.Var(name)) == 0 {
				what(ast.Ref{x})
				return true
			}
		}
		return false
	})
	visitor.Walk(rule)
}

// resolve compiles the policy strictly, and wants a rule of the library for each path into it.
func resolve(policy module, libs []module) error {
	compiler, err := compile(policy, libs)
	if err != nil {
		return err
	}
	var failed []error
	for _, m := range compiler.Modules {
		for _, rule := range m.Rules {
			ast.WalkRefs(rule, func(ref ast.Ref) bool {
				if ref.HasPrefix(ast.MustParseRef("data.lib")) && len(compiler.GetRulesForVirtualDocument(ref)) == 0 {
					failed = append(failed, at(rule.Location, "%s is undefined: the library has no such rule", ruleOf(ref)))
				}
				return false
			})
		}
	}
	slices.SortFunc(failed, func(a, b error) int { return strings.Compare(a.Error(), b.Error()) })
	return errors.Join(slices.CompactFunc(failed, func(a, b error) bool { return a.Error() == b.Error() })...)
}

// ruleOf is the rule that a path names, or what stands below: lib.PACKAGE.RULE.
func ruleOf(ref ast.Ref) string {
	var names []string
	for _, term := range ref[1:min(len(ref), 4)] {
		if name, ok := term.Value.(ast.String); ok {
			names = append(names, string(name))
		}
	}
	return strings.Join(names, ".")
}

// compile knows the functions that Gatekeeper's OPA knows. That the library stands elsewhere there makes no difference to
// what is imported.
func compile(policy module, libs []module) (*ast.Compiler, error) {
	modules := map[string]*ast.Module{"policy": policy.parsed.Copy()}
	for i, lib := range libs {
		modules[fmt.Sprint("lib ", i)] = lib.parsed.Copy()
	}
	compiler := ast.NewCompiler().WithCapabilities(capabilities()).WithStrict(true)
	if compiler.Compile(modules); compiler.Failed() {
		return nil, compiler.Errors
	}
	return compiler, nil
}

// externalData is the function that Gatekeeper adds.
var externalData = &ast.Builtin{Name: "external_data", Decl: types.NewFunction(types.Args(types.A), types.A)}

// capabilities are those of Gatekeeper's OPA, as its manifests configure it: with external_data, without http.send.
func capabilities() *ast.Capabilities {
	c := ast.CapabilitiesForThisVersion()
	c.Builtins = slices.DeleteFunc(c.Builtins, func(b *ast.Builtin) bool { return b.Name == ast.HTTPSend.Name })
	c.Builtins = append(c.Builtins, externalData)
	return c
}
