package checkpoint_test

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"unireg/checkpoint"
)

// naive is the root as RFC 6962, 2.1, defines it.
func naive(leaves []checkpoint.Hash) checkpoint.Hash {
	if len(leaves) == 0 {
		return sha256.Sum256(nil)
	}
	if len(leaves) == 1 {
		return leaves[0]
	}
	k := 1
	for 2*k < len(leaves) {
		k *= 2
	}
	left, right := naive(leaves[:k]), naive(leaves[k:])
	return sha256.Sum256(append(append([]byte{1}, left[:]...), right[:]...))
}

func head(n int) checkpoint.Head {
	sum := sha256.Sum256([]byte{byte(n), byte(n >> 8)})
	return checkpoint.Head{Chain: fmt.Sprintf("0198-%d", n), No: int64(n), Hash: sum[:]}
}

func signer(t testing.TB, seed byte) *checkpoint.Signer {
	t.Helper()
	s, err := checkpoint.NewSigner(bytes.Repeat([]byte{seed}, checkpoint.SeedSize))
	require.NoError(t, err)
	return s
}

func trust(t testing.TB, keys ...string) *checkpoint.Trust {
	t.Helper()
	all, err := checkpoint.NewTrust(keys...)
	require.NoError(t, err)
	return all
}

func TestN04_ALeafIsTheHashOfALineThatAnybodyCanWrite(t *testing.T) {
	h := checkpoint.Head{Chain: "0198c5d2-0000-7000-8000-000000000001", No: 7, Hash: []byte{0xab, 0x01}}
	require.Equal(t, sha256.Sum256([]byte("\x000198c5d2-0000-7000-8000-000000000001 7 ab01\n")), h.Leaf())
}

func TestN04_TheTreeIsThatOfRFC6962HoweverItGrew(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		tree := checkpoint.NewTree(nil)
		var leaves []checkpoint.Hash
		for range rapid.IntRange(0, 60).Draw(t, "steps") {
			leaf := head(rapid.IntRange(0, 9999).Draw(t, "leaf")).Leaf()
			i := rapid.IntRange(0, len(leaves)).Draw(t, "place")
			if i == len(leaves) {
				leaves = append(leaves, leaf)
			} else {
				leaves[i] = leaf
			}
			tree.Set(i, leaf)
		}
		want := naive(leaves)
		if tree.Root() != want || checkpoint.NewTree(append([]checkpoint.Hash{}, leaves...)).Root() != want || tree.Len() != len(leaves) {
			t.Fatalf("the root of %d leaves differs", len(leaves))
		}
	})
}

func TestN04_AProofHoldsForItsHeadAndForNoOther(t *testing.T) {
	key := signer(t, 1)
	known := trust(t, key.Public())
	for size := 1; size <= 33; size++ {
		leaves := make([]checkpoint.Hash, size)
		for i := range leaves {
			leaves[i] = head(i).Leaf()
		}
		tree := checkpoint.NewTree(leaves)
		signed, err := key.Sign(checkpoint.Checkpoint{No: 1, At: time.Unix(1_764_100_000, 0), Size: int64(size), Root: tree.Root()})
		require.NoError(t, err)
		for i := range size {
			proof := checkpoint.Proof{Head: head(i), Leaf: int64(i), Path: tree.Path(i), Signed: signed}
			read, err := checkpoint.ParseProof(proof.Text())
			require.NoError(t, err)
			c, id, err := read.Verify(known)
			require.NoError(t, err, "leaf %d of %d", i, size)
			require.Equal(t, int64(size), c.Size)
			require.Equal(t, key.KeyID(), id)

			other := read
			other.Head.No++
			_, _, err = other.Verify(known)
			require.EqualError(t, err, "the checkpoint does not cover this history")
			if len(read.Path) > 0 {
				short := read
				short.Path = read.Path[1:]
				_, _, err = short.Verify(known)
				require.Error(t, err)
			}
			_, _, err = read.Verify(trust(t, signer(t, 2).Public()))
			require.ErrorIs(t, err, checkpoint.ErrUntrusted)
		}
	}
}

func TestN04_ASignedCheckpointIsANoteThatOtherToolsRead(t *testing.T) {
	key := signer(t, 1)
	c := checkpoint.Checkpoint{
		No: 12, At: time.Date(2026, 11, 26, 8, 0, 0, 123456000, time.UTC), Size: 3,
		Root: sha256.Sum256([]byte("root")), Previous: sha256.Sum256([]byte("previous")),
	}
	signed, err := key.Sign(c)
	require.NoError(t, err)
	require.Regexp(t, `^unireg/history
3
[A-Za-z0-9+/]{43}=
no 12
at 2026-11-26T08:00:00\.123456Z
previous [A-Za-z0-9+/]{43}=

— unireg/history [A-Za-z0-9+/]+=*
$`, signed)
	require.Regexp(t, `^unireg/history\+[0-9a-f]{8}\+[A-Za-z0-9+/]+=*$`, key.Public())
	read, id, err := trust(t, key.Public()).Open(signed)
	require.NoError(t, err)
	require.Equal(t, c, read)
	require.Equal(t, key.KeyID(), id)
	require.Equal(t, c.Hash(), read.Hash())
}

func TestN04_AForgedCheckpointIsToldFromOneOfAnotherKey(t *testing.T) {
	old, fresh := signer(t, 1), signer(t, 2)
	signed, err := old.Sign(checkpoint.Checkpoint{No: 1, At: time.Unix(1_764_100_000, 0), Size: 1})
	require.NoError(t, err)
	_, _, err = trust(t, fresh.Public()).Open(signed)
	require.ErrorIs(t, err, checkpoint.ErrUntrusted)
	_, id, err := trust(t, fresh.Public(), old.Public(), old.Public()).Open(signed)
	require.NoError(t, err, "while keys are exchanged both count")
	require.Equal(t, old.KeyID(), id)
	_, _, err = trust(t, old.Public()).Open(strings.Replace(signed, "no 1\n", "no 2\n", 1))
	require.ErrorIs(t, err, checkpoint.ErrForged)
	_, _, err = trust(t, old.Public()).Open("nothing of the kind")
	require.EqualError(t, err, "it is no checkpoint of this system")
}

func TestN04_KeysThatAreNoneAreRefused(t *testing.T) {
	_, err := checkpoint.NewSigner([]byte("short"))
	require.EqualError(t, err, "a signing key is derived from 32 bytes, these are 5")
	_, err = checkpoint.NewTrust("nonsense")
	require.EqualError(t, err, `"nonsense" is no public key of checkpoints: unireg checkpoint --key prints them`)
	// The key of Go's checksum database.
	_, err = checkpoint.NewTrust("sum.golang.org+033de0ae+Ac4zctda0e5eza+HJyk9SxEdh+s3Ux18htTTAD8OuAn8")
	require.ErrorContains(t, err, "is a key of another log than unireg/history")
}

// What is read is exactly what would be written.
func FuzzN04ProofsAreReadOrRefused(f *testing.F) {
	key := signer(f, 1)
	signed, err := key.Sign(checkpoint.Checkpoint{No: 1, At: time.Unix(1_764_100_000, 0), Size: 1, Root: head(0).Leaf()})
	require.NoError(f, err)
	f.Add(checkpoint.Proof{Head: head(0), Signed: signed}.Text())
	f.Add(checkpoint.Proof{Head: head(3), Leaf: 3, Path: []checkpoint.Hash{{1}, {2}}, Signed: signed}.Text())
	f.Add("unireg/proof@v1\nchain x\nno -1\nhash \nleaf 99\n\n")
	known := trust(f, key.Public())
	f.Fuzz(func(t *testing.T, text string) {
		proof, err := checkpoint.ParseProof(text)
		if err != nil {
			return
		}
		if _, _, err := proof.Verify(known); err == nil && proof.Signed != signed {
			t.Fatal("a proof holds under a checkpoint that nobody signed")
		}
	})
}
