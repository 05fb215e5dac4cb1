package main

import (
	"cmp"
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"path"
	"slices"
	"strings"

	"golang.org/x/tools/cover"
)

const module = "gitlab.com/ska-telescope/notation-provider/"

// unread are what a reader of the walk leaves out: how the server is put together, and rooms that are told what happens and decide
// nothing.
var unread = []string{"cmd/notation-provider", "provider/logging", "provider/metrics", "provider/tracing"}

// order is that of provider/doc.go. Rooms that it does not name come last.
var order = []string{
	"provider/server", "provider/gatekeeper", "provider", "provider/trust", "provider/cache", "provider/verifier", "provider/envelope",
	"provider/keysize", "provider/evidence", "provider/registry", "provider/registry/login", "provider/egress", "provider/revocation",
}

type room struct {
	name      string // its import path
	functions []function
}

func (r room) lines() (n int) {
	for _, f := range r.functions {
		n += f.to - f.from + 1
	}
	return n
}

// function is one that runs, with its lines from the word func to the last brace.
type function struct {
	file, name string
	from, to   int
}

// walked returns the functions in which something runs more often in one profile than in the other.
func walked(idle, asked string) ([]room, error) {
	before, err := counts(idle)
	if err != nil {
		return nil, err
	}
	profiles, err := cover.ParseProfiles(asked)
	if err != nil {
		return nil, err
	}
	rooms := map[string]room{}
	for _, p := range profiles {
		folder := path.Dir(p.FileName)
		if slices.Contains(unread, strings.TrimPrefix(folder, module)) {
			continue
		}
		var more []cover.ProfileBlock
		for _, b := range p.Blocks {
			if b.Count > before[block{p.FileName, b.StartLine, b.StartCol}] {
				more = append(more, b)
			}
		}
		found, err := functions(p.FileName, more)
		if err != nil {
			return nil, err
		}
		if len(found) > 0 {
			rooms[folder] = room{folder, append(rooms[folder].functions, found...)}
		}
	}
	var sorted []room
	for _, r := range rooms {
		sorted = append(sorted, r)
	}
	slices.SortFunc(sorted, func(a, b room) int { return cmp.Or(cmp.Compare(place(a), place(b)), cmp.Compare(a.name, b.name)) })
	return sorted, nil
}

// place is a room's in the order.
func place(r room) int {
	if i := slices.Index(order, strings.TrimPrefix(r.name, module)); i >= 0 {
		return i
	}
	return len(order)
}

type block struct {
	file         string
	line, column int
}

// counts tells how often each block ran.
func counts(profile string) (map[block]int, error) {
	profiles, err := cover.ParseProfiles(profile)
	if err != nil {
		return nil, err
	}
	count := map[block]int{}
	for _, p := range profiles {
		for _, b := range p.Blocks {
			count[block{p.FileName, b.StartLine, b.StartCol}] = b.Count
		}
	}
	return count, nil
}

// functions returns those of a file that one of the blocks lies in.
func functions(file string, blocks []cover.ProfileBlock) ([]function, error) {
	positions := token.NewFileSet()
	parsed, err := parser.ParseFile(positions, strings.TrimPrefix(file, module), nil, parser.SkipObjectResolution)
	if err != nil {
		return nil, err
	}
	var found []function
	for _, d := range parsed.Decls {
		declared, ok := d.(*ast.FuncDecl)
		if !ok {
			continue
		}
		f := function{file, declared.Name.Name, positions.Position(declared.Pos()).Line, positions.Position(declared.End()).Line}
		if declared.Recv != nil {
			f.name = "(" + types.ExprString(declared.Recv.List[0].Type) + ")." + f.name
		}
		if slices.ContainsFunc(blocks, func(b cover.ProfileBlock) bool { return f.from <= b.StartLine && b.EndLine <= f.to }) {
			found = append(found, f)
		}
	}
	return found, nil
}
