package advice

import "gitlab.com/ska-telescope/notation-provider/provider"

const unchecked = "could not be checked, and may be fine"

func undecided() []Outcome {
	const soon = "apply it again in 10 seconds; the check goes on meanwhile"
	at := func(cause provider.Cause, cases ...Case) Outcome {
		return Outcome{Undecided + "/" + string(cause), cases}
	}
	return []Outcome{
		at(provider.CauseRegistry, Case{
			Begins:   provider.DetailRateLimit,
			Means:    "429: the registry limits the rate of requests",
			Is:       "could not be checked at {host}, and may be fine",
			You:      "apply it again in a minute",
			Platform: "give the provider an account there that may ask more often, or a mirror",
		}, Case{
			Means:    "the registry is down, slow, not to be trusted by its certificate, or answers nonsense",
			Is:       "could not be checked at {host}, and may be fine",
			You:      "apply it again in a minute",
			Platform: "see whether {host} is well, and whether the provider reaches it",
		}),
		at(provider.CauseCredentials, Case{
			Begins:   provider.DetailRefusesAccess,
			Means:    "401 or 403: the provider's account may not read the repository",
			Is:       "could not be checked at {host}, and may be fine",
			You:      "ask the platform team; the check does not use your imagePullSecrets",
			Platform: "let the provider's account there pull this repository",
		}, Case{
			Means:    "the provider has no credentials for the registry, or none that can be used",
			Is:       "could not be checked at {host}, and may be fine",
			You:      "ask the platform team; the check does not use your imagePullSecrets",
			Platform: "give the provider credentials for {host} (dockerConfigs)",
		}),
		at(provider.CauseRevocation, Case{
			Means:    "neither OCSP nor CRL told whether a certificate is revoked",
			Is:       unchecked,
			You:      "apply it again in a minute; if it lasts, tell the platform team",
			Platform: "let the provider reach the CA's OCSP responder or CRL; a private host must be in egress.allow",
		}),
		at(provider.CauseDeadline, Case{Means: "not decided in time; the check goes on", Is: "could not be checked in time, and may be fine", You: soon}),
		at(provider.CauseOverload, Case{Means: "too many checks are waiting", Is: "could not be checked in time, and may be fine", You: soon}),
		at(provider.CauseInternal, Case{
			Begins: provider.DetailShuttingDown,
			Means:  "the provider is shutting down; another replica answers",
			Is:     unchecked,
			You:    "apply it again in 10 seconds",
		}, Case{
			Means:    "a fault of the provider",
			Is:       unchecked,
			You:      "apply it again in a minute; if it lasts, give the platform team this message",
			Platform: "look for request {request} in the provider's log, and report the fault",
		}),
	}
}
