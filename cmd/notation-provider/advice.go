package main

import (
	"slices"
	"strings"

	"gitlab.com/ska-telescope/notation-provider/provider"
	"gitlab.com/ska-telescope/notation-provider/provider/advice"
)

// advised is the report with what can be done, in the words of denials. The detail is the one that the wire has, which the
// words go by.
func (r report) advised(detail string) report {
	words, values := advice.Of(r.Reason, r.Cause, detail), advice.ValuesOf(r.Image, r.Digest)
	r.You, r.PlatformTeam = values.Fill(words.You), values.Fill(words.Platform)
	if r.Cause == "" {
		return r
	}
	if hint := r.untold(detail); hint != "" {
		r.PlatformTeam = hint
	} else if r.Cause == provider.CauseInternal { // no server's log has it
		r.PlatformTeam = "report the fault, with this detail"
	}
	return r
}

// untold is what a detail has for the platform team beside what the report's detail tells already.
func (r report) untold(detail string) string {
	_, hint := advice.Split(detail)
	told := func(part string) bool { return part == "" || strings.Contains(r.Detail, part) }
	return strings.Join(slices.DeleteFunc(strings.Split(hint, "; "), told), "; ")
}
