//go:build e2e

package cluster

import (
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// The addresses of the cluster. Nothing outside its namespaces sees them.
const (
	bridgeName   = "pods"
	bridgeIP     = "10.244.0.1" // the API server, and what the agent dials from
	podNetwork   = "10.244.0.0/16"
	serviceRange = "10.96.0.0/16"
	hostNetwork  = "203.0.113.0/24" // of AddHost: for documentation (RFC 5737), and so not private, and no real host's
	dnsIP        = "10.96.0.10"
)

// setUpInside makes the process's new namespaces a place where the cluster can live.
func setUpInside() error {
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
		return fmt.Errorf("making mounts private: %w", err)
	}
	// A container engine may forbid it. The old one does too, but shows processes by the numbers they have outside.
	if err := unix.Mount("proc", "/proc", "proc", unix.MS_NOSUID|unix.MS_NODEV|unix.MS_NOEXEC, ""); err != nil && !errors.Is(err, unix.EPERM) {
		return fmt.Errorf("mounting /proc: %w", err)
	}
	if err := useClusterDNS(); err != nil {
		return err
	}
	return setUpNetwork()
}

// useClusterDNS puts a file of ours over /etc/resolv.conf.
func useClusterDNS() error {
	file := filepath.Join(Dir(), "resolv.conf")
	if err := os.WriteFile(file, []byte(resolvConf("")), 0o644); err != nil {
		return err
	}
	target, err := filepath.EvalSymlinks("/etc/resolv.conf")
	if err != nil {
		return fmt.Errorf("finding /etc/resolv.conf, which must exist so that the cluster's can be put over it: %w", err)
	}
	if err := unix.Mount(file, target, "", unix.MS_BIND, ""); err != nil {
		return fmt.Errorf("putting the cluster's resolv.conf over %s: %w", target, err)
	}
	return nil
}

// resolvConf is that of a pod in the namespace, as the kubelet writes it; without one, that of a node.
func resolvConf(namespace string) string {
	search := "svc.cluster.local cluster.local"
	if namespace != "" {
		search = namespace + ".svc.cluster.local " + search
	}
	return "search " + search + "\nnameserver " + dnsIP + "\noptions ndots:5\n"
}

func setUpNetwork() error {
	lo, err := netlink.LinkByName("lo")
	if err != nil {
		return fmt.Errorf("finding the loopback device: %w", err)
	}
	if err := netlink.LinkSetUp(lo); err != nil {
		return fmt.Errorf("setting lo up: %w", err)
	}
	// All of their addresses are this machine's: one can listen on each without adding it first.
	for _, own := range []string{serviceRange, hostNetwork} {
		_, network, err := net.ParseCIDR(own)
		if err != nil {
			return err
		}
		route := &netlink.Route{LinkIndex: lo.Attrs().Index, Dst: network, Type: unix.RTN_LOCAL, Table: unix.RT_TABLE_LOCAL, Scope: netlink.SCOPE_HOST}
		if err := netlink.RouteAdd(route); err != nil {
			return fmt.Errorf("routing %s to lo: %w", own, err)
		}
	}
	attributes := netlink.NewLinkAttrs()
	attributes.Name = bridgeName
	if err := netlink.LinkAdd(&netlink.Bridge{LinkAttrs: attributes}); err != nil {
		return fmt.Errorf("making a bridge (does the kernel have the module bridge?): %w", err)
	}
	for _, ip := range append([]string{bridgeIP}, nodeIPs()...) {
		if err := addAddress(bridgeName, ip+"/16"); err != nil {
			return err
		}
	}
	bridge, err := netlink.LinkByName(bridgeName)
	if err != nil {
		return err
	}
	return netlink.LinkSetUp(bridge)
}

func addAddress(device, address string) error {
	link, err := netlink.LinkByName(device)
	if err != nil {
		return err
	}
	parsed, err := netlink.ParseAddr(address)
	if err != nil {
		return err
	}
	if err := netlink.AddrAdd(link, parsed); err != nil && !errors.Is(err, unix.EEXIST) {
		return fmt.Errorf("adding %s to %s: %w", address, device, err)
	}
	return nil
}
