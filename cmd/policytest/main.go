// Command policytest runs gator's suites, and decides on manifests, with external_data: from recorded verdicts or from a
// live provider. README.md tells more.
package main

import (
	"context"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/go-logr/logr"
	"github.com/spf13/cobra"
	ctrl "sigs.k8s.io/controller-runtime/pkg/log"

	"gitlab.com/ska-telescope/notation-provider/cmd/internal/cli"
)

// The exit code of eval beside those that all commands share.
const exitUnknown = 3 // nothing is denied, and something is not judged

func main() { os.Exit(run(os.Args[1:], os.Stdout, os.Stderr)) }

// run is main with an exit code.
func run(args []string, stdout, stderr io.Writer) int {
	ctrl.SetLogger(logr.Discard()) // Gatekeeper's parts log as in a cluster; what matters they return
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	root := newRoot()
	root.SetArgs(args)
	return cli.Run(ctx, root, stdout, stderr)
}

func newRoot() *cobra.Command {
	root := newSuites()
	root.AddCommand(newEval(), newGenerate(), newNew())
	return cli.Setup(root)
}
