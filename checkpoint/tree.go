package checkpoint

import (
	"crypto/sha256"
	"strconv"
)

// Hash is a SHA-256.
type Hash = [sha256.Size]byte

// The first bytes of what is hashed tell leaves from nodes (RFC 6962, 2.1), so
// that no node can be passed off as a leaf.
const (
	leafPrefix = 0x00
	nodePrefix = 0x01
)

// Head is the last link of one chain: the chain's id, the link's number and its
// hash. A chain without links has number 0 and no hash.
type Head struct {
	Chain string
	No    int64
	Hash  []byte
}

// Leaf is the hash by which a head stands in the tree: that of the line
// "chain number hash", the hash in hexadecimal, with a line feed at its end.
func (h Head) Leaf() Hash {
	const digits = "0123456789abcdef"
	line := make([]byte, 0, 128)
	line = append(line, leafPrefix)
	line = append(line, h.Chain...)
	line = append(line, ' ')
	line = strconv.AppendInt(line, h.No, 10)
	line = append(line, ' ')
	for _, b := range h.Hash {
		line = append(line, digits[b>>4], digits[b&15])
	}
	return sha256.Sum256(append(line, '\n'))
}

func node(left, right Hash) Hash {
	var both [1 + 2*sha256.Size]byte
	both[0] = nodePrefix
	copy(both[1:], left[:])
	copy(both[1+sha256.Size:], right[:])
	return sha256.Sum256(both[:])
}

// Tree is the Merkle tree of RFC 6962 over leaves that are added at its end and
// may change. A change costs as many hashes as the tree has levels.
type Tree struct {
	// levels are the leaves, above them what each two of them come to, and so on
	// to the root. A node without a neighbour on its right goes up as it is.
	levels [][]Hash
}

// NewTree returns the tree over the leaves.
func NewTree(leaves []Hash) *Tree {
	t := &Tree{levels: [][]Hash{leaves}}
	for below := leaves; len(below) > 1; {
		above := make([]Hash, 0, (len(below)+1)/2)
		for i := 0; i < len(below); i += 2 {
			above = append(above, over(below, i))
		}
		t.levels = append(t.levels, above)
		below = above
	}
	return t
}

// over is what stands above the node i, which is a left one, and its neighbour.
func over(level []Hash, i int) Hash {
	if i+1 == len(level) {
		return level[i]
	}
	return node(level[i], level[i+1])
}

// Len is the number of leaves.
func (t *Tree) Len() int { return len(t.levels[0]) }

// Set puts a leaf in the place of the i-th, or at the end where i is Len.
func (t *Tree) Set(i int, leaf Hash) {
	t.put(0, i, leaf)
	for level := 0; len(t.levels[level]) > 1; level++ {
		if level+1 == len(t.levels) {
			t.levels = append(t.levels, nil)
			t.put(level+1, 0, over(t.levels[level], 0))
		}
		i /= 2
		t.put(level+1, i, over(t.levels[level], 2*i))
	}
}

func (t *Tree) put(level, i int, hash Hash) {
	if i == len(t.levels[level]) {
		t.levels[level] = append(t.levels[level], hash)
		return
	}
	t.levels[level][i] = hash
}

// Root is the hash over all leaves; of no leaves the hash of nothing.
func (t *Tree) Root() Hash {
	top := t.levels[len(t.levels)-1]
	if len(top) == 0 {
		return sha256.Sum256(nil)
	}
	return top[0]
}

// Path are the hashes by which the i-th leaf leads to the root, the nearest
// first (RFC 6962, 2.1.1).
func (t *Tree) Path(i int) []Hash {
	path := []Hash{}
	for _, level := range t.levels[:len(t.levels)-1] {
		if neighbour := i ^ 1; neighbour < len(level) {
			path = append(path, level[neighbour])
		}
		i /= 2
	}
	return path
}

// rootBy is the root to which a path leads from the i-th of size leaves; false
// where the path has not the length that it must have (RFC 9162, 2.1.3.2).
func rootBy(path []Hash, i, size int64, leaf Hash) (Hash, bool) {
	if i < 0 || i >= size {
		return Hash{}, false
	}
	at, last, root := i, size-1, leaf
	for _, hash := range path {
		switch {
		case last == 0:
			return Hash{}, false
		case at%2 == 1 || at == last:
			root = node(hash, root)
			for at%2 == 0 && at != 0 {
				at, last = at/2, last/2
			}
		default:
			root = node(root, hash)
		}
		at, last = at/2, last/2
	}
	return root, last == 0
}
