package checkpoint

import (
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
)

// proofOrigin is the first line of a proof.
const proofOrigin = "unireg/proof@v1"

// Proof shows that a checkpoint signed one head, without the heads of anybody
// else: the head, its place in the tree, the hashes that lead from there to the
// root, and the signed checkpoint.
type Proof struct {
	Head   Head
	Leaf   int64
	Path   []Hash
	Signed string
}

// Text is the proof as a file.
func (p Proof) Text() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\nchain %s\nno %d\nhash %s\nleaf %d\n", proofOrigin, p.Head.Chain, p.Head.No, hex.EncodeToString(p.Head.Hash), p.Leaf)
	for _, hash := range p.Path {
		b.WriteString("path " + encode(hash) + "\n")
	}
	return b.String() + "\n" + p.Signed
}

var errProof = errors.New("it is no proof of this system")

// ParseProof reads what Text writes.
func ParseProof(text string) (Proof, error) {
	var p Proof
	head, signed, ok := strings.Cut(text, "\n\n")
	lines := strings.Split(head, "\n")
	if !ok || len(lines) < 5 || lines[0] != proofOrigin {
		return p, errProof
	}
	p.Signed = signed
	var hash string
	for i, field := range []struct {
		layout string
		into   any
	}{{"chain %s", &p.Head.Chain}, {"no %d", &p.Head.No}, {"hash %s", &hash}, {"leaf %d", &p.Leaf}} {
		if _, err := fmt.Sscanf(lines[i+1], field.layout, field.into); err != nil {
			return p, errProof
		}
	}
	var err error
	if p.Head.Hash, err = hex.DecodeString(hash); err != nil {
		return p, errProof
	}
	for _, line := range lines[5:] {
		decoded, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(line, "path "))
		if err != nil || len(decoded) != len(Hash{}) {
			return p, errProof
		}
		p.Path = append(p.Path, Hash(decoded))
	}
	return p, nil
}

// Verify proves that the checkpoint, signed by a key that is trusted, covers the
// head. It returns the checkpoint and the id of that key.
func (p Proof) Verify(trust *Trust) (Checkpoint, string, error) {
	c, key, err := trust.Open(p.Signed)
	if err != nil {
		return c, key, err
	}
	root, ok := rootBy(p.Path, p.Leaf, c.Size, p.Head.Leaf())
	if !ok || root != c.Root {
		return c, key, errors.New("the checkpoint does not cover this history")
	}
	return c, key, nil
}
