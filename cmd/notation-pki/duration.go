package main

import (
	"time"

	"gitlab.com/ska-telescope/notation-provider/cmd/internal/cli"
)

const day = 24 * time.Hour

// duration is a flag's value: as Go writes one, such as 720h, or in whole days, such as 30d.
type duration = cli.Duration
