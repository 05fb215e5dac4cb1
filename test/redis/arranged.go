package redis

import (
	"fmt"
	"net"
	"strings"
	"testing"
)

// Replicated is a master with a replica, and a Sentinel that watches them.
type Replicated struct {
	Master, Replica, Sentinel *Server
}

// MasterName is what the Sentinel calls them.
const MasterName = "evidence"

// StartReplicated starts three servers and waits until the replica has all that the master has, and the Sentinel knows it.
func StartReplicated(t *testing.T) *Replicated {
	t.Helper()
	r := &Replicated{Master: Start(t, Options{Lines: []string{"repl-diskless-sync-delay 0"}})}
	host, port, _ := net.SplitHostPort(r.Master.Addr)
	r.Replica = Start(t, Options{Lines: []string{"repl-diskless-sync-delay 0", fmt.Sprintf("replicaof %s %s", host, port)}})
	Until(t, "the replica follows", func() bool {
		return r.Replica.replicates("master_link_status:up")
	})
	r.Sentinel = Start(t, Options{Sentinel: true, Lines: []string{
		fmt.Sprintf("sentinel monitor %s %s %s 1", MasterName, host, port),
		fmt.Sprintf("sentinel down-after-milliseconds %s 500", MasterName),
		fmt.Sprintf("sentinel failover-timeout %s 3000", MasterName),
	}})
	Until(t, "the Sentinel knows the replica", func() bool {
		replicas, err := r.Sentinel.Admin.Do(t.Context(), "sentinel", "replicas", MasterName).Slice()
		return err == nil && len(replicas) == 1
	})
	return r
}

// FailOver kills the master and waits until the Sentinel has made the replica one.
func (r *Replicated) FailOver(t *testing.T) {
	t.Helper()
	r.Master.Kill()
	Until(t, "the replica is the master", func() bool {
		return r.Replica.replicates("role:master")
	})
}

// ClusterServers are the nodes of a Cluster: three masters, and a replica of the first.
type ClusterServers struct {
	Masters []*Server
	Replica *Server
}

// StartCluster starts the nodes and waits until all agree.
func StartCluster(t *testing.T) *ClusterServers {
	t.Helper()
	var nodes []*Server
	for range 4 {
		nodes = append(nodes, Start(t, Options{Lines: []string{
			"cluster-enabled yes", "cluster-node-timeout 1000", "cluster-require-full-coverage no", fmt.Sprintf("cluster-port %d", freePort(t)),
		}}))
	}
	c := &ClusterServers{Masters: nodes[:3], Replica: nodes[3]}
	for i, bounds := range [][2]int{{0, 5460}, {5461, 10922}, {10923, 16383}} {
		nodes[i].Do("cluster", "addslotsrange", bounds[0], bounds[1])
		nodes[i].Do("cluster", "set-config-epoch", i+1)
	}
	for _, node := range nodes[1:] {
		host, port, _ := net.SplitHostPort(node.Addr)
		nodes[0].Do("cluster", "meet", host, port, busPort(node))
	}
	Until(t, "all nodes know each other", func() bool {
		for _, node := range nodes {
			if strings.Count(node.Do("cluster", "nodes").(string), "connected") != len(nodes) {
				return false
			}
		}
		return true
	})
	first := nodes[0].Do("cluster", "myid").(string)
	Until(t, "the replica has a master", func() bool {
		return c.Replica.Admin.Do(t.Context(), "cluster", "replicate", first).Err() == nil
	})
	Until(t, "the replica follows", func() bool {
		return c.Replica.replicates("master_link_status:up")
	})
	for _, node := range nodes {
		Until(t, "each node says that all slots are served", func() bool {
			return strings.Contains(node.Do("cluster", "info").(string), "cluster_state:ok")
		})
	}
	return c
}

func busPort(s *Server) string {
	port := s.Do("config", "get", "cluster-port").([]any)
	return port[1].(string)
}

// FailOver kills the first master and waits until its replica has its slots.
func (c *ClusterServers) FailOver(t *testing.T) {
	t.Helper()
	c.Masters[0].Kill()
	Until(t, "the replica is a master and all slots are served", func() bool {
		return c.Replica.replicates("role:master") &&
			strings.Contains(c.Replica.Do("cluster", "info").(string), "cluster_slots_ok:16384")
	})
}
