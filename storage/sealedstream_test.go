package storage

import (
	"bytes"
	"errors"
	"io"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// sealedWhole seals a content and returns all of it.
func sealedWhole(t require.TestingT, key, plain []byte) []byte {
	stream, err := sealStream(key, bytes.NewReader(plain))
	require.NoError(t, err)
	sealed, err := io.ReadAll(stream)
	require.NoError(t, err)
	return sealed
}

func unsealedWhole(key, sealed []byte) ([]byte, error) {
	stream, err := unsealStream(key, iotest.HalfReader(bytes.NewReader(sealed)))
	if err != nil {
		return nil, err
	}
	return io.ReadAll(stream)
}

func TestI8_AStreamThatWasSealedComesBackWholeOrNotAtAll(t *testing.T) {
	key := bytes.Repeat([]byte{7}, keySize)
	rapid.Check(t, func(t *rapid.T) {
		size := rapid.OneOf(rapid.IntRange(0, 300), rapid.SampledFrom([]int{
			pieceSize - 1, pieceSize, pieceSize + 1, 2 * pieceSize, 3*pieceSize - 1, 3*pieceSize + 17,
		})).Draw(t, "size")
		plain := bytes.Repeat([]byte(rapid.StringN(1, 8, -1).Draw(t, "content")), size)[:size]
		sealed := sealedWhole(t, key, plain)
		require.Len(t, sealed, int(sealedSize(int64(size))))
		got, err := unsealedWhole(key, sealed)
		require.NoError(t, err)
		require.True(t, bytes.Equal(plain, got))

		at := rapid.IntRange(0, len(sealed)-1).Draw(t, "at")
		flipped := bytes.Clone(sealed)
		flipped[at] ^= 1 << rapid.IntRange(0, 7).Draw(t, "bit")
		for what, broken := range map[string][]byte{
			"a bit was flipped": flipped, "it was cut off": sealed[:at], "something follows": append(bytes.Clone(sealed), 0),
		} {
			_, err := unsealedWhole(key, broken)
			require.ErrorIs(t, err, errBroken, what)
		}
		other := bytes.Clone(key)
		other[0] ^= 1
		_, err = unsealedWhole(other, sealed)
		require.ErrorIs(t, err, errBroken)
	})
}

func TestI8_NoPieceOfASealedStreamCanBeMoved(t *testing.T) {
	key := bytes.Repeat([]byte{7}, keySize)
	sealed := sealedWhole(t, key, bytes.Repeat([]byte("abcdefgh"), 3*pieceSize/8))
	const piece = pieceSize + sealSize
	first, second, third := sealed[:piece], sealed[piece:2*piece], sealed[2*piece:]
	for what, moved := range map[string][][]byte{
		"two changed places": {second, first, third}, "one came twice": {first, first, second, third}, "one is missing": {first, third},
		"the last is missing": {first, second},
	} {
		_, err := unsealedWhole(key, bytes.Join(moved, nil))
		require.ErrorIs(t, err, errBroken, what)
	}
}

func TestAStreamThatBreaksWhileItIsSealedSaysSo(t *testing.T) {
	fault := errors.New("the source broke")
	stream, err := sealStream(bytes.Repeat([]byte{7}, keySize), io.MultiReader(bytes.NewReader(make([]byte, 2*pieceSize)), iotest.ErrReader(fault)))
	require.NoError(t, err)
	_, err = io.ReadAll(stream)
	require.ErrorIs(t, err, fault)
}
