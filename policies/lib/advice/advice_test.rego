package lib.advice_test

import data.lib.advice

test_a_reason_has_its_advice if {
	advice.on({"reason": "not-found", "detail": "registry: nothing"}) == "check name and tag; push the image"
}

test_what_is_undecided_has_its_stages_advice if {
	startswith(advice.on({"reason": "undecided", "detail": "credentials: 401"}), "give credentials")
	advice.on({"reason": "undecided", "detail": "who knows"}) == "try again"
}

test_what_nobody_knows_has_advice_too if {
	startswith(advice.on({"reason": "refused", "detail": "?"}), "ask whoever")
}
