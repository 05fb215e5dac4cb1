package main

import (
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
	if _, hint := advice.Split(detail); hint != "" {
		r.PlatformTeam = hint
	} else if r.Cause == provider.CauseInternal { // no server's log has it
		r.PlatformTeam = "report the fault, with this detail"
	}
	return r
}
