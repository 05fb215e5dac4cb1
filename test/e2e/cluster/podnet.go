//go:build e2e

package cluster

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"runtime"

	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netns"
	"golang.org/x/sys/unix"
)

// podNet is a pod's network namespace. It lives until it is closed and no process is in it.
type podNet struct {
	ip        string
	namespace netns.NsHandle
	device    string // the end outside the pod
}

// newPodNet makes a namespace with lo and eth0, which is connected to the bridge.
func newPodNet(number int, ip netip.Addr) (*podNet, error) {
	namespace, err := newNetworkNamespace()
	if err != nil {
		return nil, fmt.Errorf("making a network namespace: %w", err)
	}
	p := &podNet{ip: ip.String(), namespace: namespace, device: fmt.Sprintf("pod%d", number)}
	if err := p.connect(); err != nil {
		p.close()
		return nil, fmt.Errorf("connecting a pod to the network: %w", err)
	}
	return p, nil
}

func (p *podNet) connect() error {
	bridge, err := netlink.LinkByName(bridgeName)
	if err != nil {
		return err
	}
	attributes := netlink.NewLinkAttrs()
	attributes.Name, attributes.MasterIndex = p.device, bridge.Attrs().Index
	veth := &netlink.Veth{LinkAttrs: attributes, PeerName: "eth0", PeerNamespace: netlink.NsFd(p.namespace)}
	if err := netlink.LinkAdd(veth); err != nil {
		return fmt.Errorf("making a pair of devices (does the kernel have the module veth?): %w", err)
	}
	if err := netlink.LinkSetUp(veth); err != nil {
		return err
	}
	inside, err := netlink.NewHandleAt(p.namespace)
	if err != nil {
		return err
	}
	defer inside.Close()
	address, err := netlink.ParseAddr(p.ip + "/16")
	if err != nil {
		return err
	}
	for _, name := range []string{"lo", "eth0"} {
		link, err := inside.LinkByName(name)
		if err != nil {
			return err
		}
		if name == "eth0" {
			err = inside.AddrAdd(link, address)
		}
		if err := errors.Join(err, inside.LinkSetUp(link)); err != nil {
			return err
		}
	}
	return inside.RouteAdd(&netlink.Route{Gw: net.ParseIP(bridgeIP)})
}

func (p *podNet) close() {
	if link, err := netlink.LinkByName(p.device); err == nil {
		_ = netlink.LinkDel(link)
	}
	_ = p.namespace.Close()
}

// newNetworkNamespace leaves the calling thread in the namespace that it was in; where that fails, the thread ends.
func newNetworkNamespace() (netns.NsHandle, error) {
	type made struct {
		namespace netns.NsHandle
		err       error
	}
	result := make(chan made)
	go func() {
		runtime.LockOSThread() // never unlocked: the thread ends with the goroutine
		if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
			result <- made{netns.None(), err}
			return
		}
		namespace, err := netns.GetFromPath("/proc/thread-self/ns/net")
		result <- made{namespace, err}
	}()
	m := <-result
	return m.namespace, m.err
}
