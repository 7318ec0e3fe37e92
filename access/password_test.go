package access_test

import (
	"context"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"unireg/access"
)

func TestW1PasswordIsKeptAsArgon2idAndVerified(t *testing.T) {
	ctx := t.Context()
	one, err := access.Hash(ctx, "长沙的雨下了一夜")
	require.NoError(t, err)
	require.Regexp(t, `^\$argon2id\$v=19\$m=\d+,t=\d+,p=\d+\$[A-Za-z0-9+/]{22}\$[A-Za-z0-9+/]{43}$`, one)
	two, err := access.Hash(ctx, "长沙的雨下了一夜")
	require.NoError(t, err)
	require.NotEqual(t, one, two, "every hash has a salt of its own")

	ok, rehash, err := access.Verify(ctx, "长沙的雨下了一夜", one)
	require.NoError(t, err)
	require.True(t, ok)
	require.False(t, rehash)
	ok, _, err = access.Verify(ctx, "长沙的雨下了一天", one)
	require.NoError(t, err)
	require.False(t, ok)
}

// referenceHash is of "password" with salt "somesalt", 64 KiB and one pass, by
// the reference implementation.
const referenceHash = "ZVrRXqxlLcWfcXCnMyv0m4Rpvh/bnCi7"

func TestW1HashOfAnotherCostIsRenewedAtLogin(t *testing.T) {
	cheap := "$argon2id$v=19$m=64,t=1,p=1$c29tZXNhbHQ$" + referenceHash
	ok, rehash, err := access.Verify(t.Context(), "password", cheap)
	require.NoError(t, err)
	require.True(t, ok)
	require.True(t, rehash)
	ok, rehash, err = access.Verify(t.Context(), "Password", cheap)
	require.NoError(t, err)
	require.False(t, ok)
	require.False(t, rehash, "a wrong password renews nothing")
}

func TestBrokenHashIsAnErrorNotAMatch(t *testing.T) {
	for _, encoded := range []string{
		"", "hash", "$argon2i$v=19$m=64,t=1,p=1$c29tZXNhbHQ$" + referenceHash,
		"$argon2id$v=16$m=64,t=1,p=1$c29tZXNhbHQ$" + referenceHash,
		"$argon2id$v=19$m=99999999,t=1,p=1$c29tZXNhbHQ$" + referenceHash,
		"$argon2id$v=19$m=64,t=0,p=1$c29tZXNhbHQ$" + referenceHash,
		"$argon2id$v=19$m=64,t=1,p=0$c29tZXNhbHQ$" + referenceHash,
		"$argon2id$v=19$m=64,t=1,p=1x$c29tZXNhbHQ$" + referenceHash,
		"$argon2id$v=19$m=64,t=1,p=1$c29tZXNhbHQ$",
		"$argon2id$v=19$m=64,t=1,p=1$!$" + referenceHash,
	} {
		ok, _, err := access.Verify(t.Context(), "password", encoded)
		require.Error(t, err, encoded)
		require.False(t, ok, encoded)
	}
}

func TestW2WaitingToHashEndsWithTheContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := access.Hash(ctx, "whatever it is")
	require.ErrorIs(t, err, context.Canceled)
	require.ErrorIs(t, access.VerifyNothing(ctx, "whatever it is"), context.Canceled)
}

func TestW2HashingAtOnceIsBounded(t *testing.T) {
	bound := access.Slots()
	peak := 0
	stop := make(chan struct{})
	var watch sync.WaitGroup
	watch.Go(func() {
		for {
			select {
			case <-stop:
				return
			default:
				peak = max(peak, access.Busy())
			}
		}
	})
	var work sync.WaitGroup
	for range 4 * bound {
		work.Go(func() {
			_, err := access.Hash(t.Context(), "many at the same time")
			require.NoError(t, err)
		})
	}
	work.Wait()
	close(stop)
	watch.Wait()
	require.Positive(t, peak)
	require.LessOrEqual(t, peak, bound)
	require.Zero(t, access.Busy(), "every slot is given back")
}

func TestW3PasswordIsNeverTruncated(t *testing.T) {
	long := strings.Repeat("夜雨", 63) + "终"
	hash, err := access.Hash(t.Context(), long)
	require.NoError(t, err)
	for _, other := range []string{long[:len(long)-3], long + "x", " " + long, long + " ", strings.Repeat("x", 100_000)} {
		ok, _, err := access.Verify(t.Context(), other, hash)
		require.NoError(t, err)
		require.False(t, ok)
	}
	ok, _, err := access.Verify(t.Context(), long, hash)
	require.NoError(t, err)
	require.True(t, ok)
}

func TestPasswordTypedInFullWidthIsTheSame(t *testing.T) {
	hash, err := access.Hash(t.Context(), "mei2Yu-guanghe")
	require.NoError(t, err)
	ok, _, err := access.Verify(t.Context(), "ｍｅｉ２Ｙｕ－ｇｕａｎｇｈｅ", hash)
	require.NoError(t, err)
	require.True(t, ok)
}

// The answer for an unknown account costs what a wrong password costs: both go
// through the same derivation, with the same parameters.
func TestW5UnknownAccountCostsTheSame(t *testing.T) {
	hash, err := access.Hash(t.Context(), "a password in use")
	require.NoError(t, err)
	parameters := func(encoded string) []string { return strings.Split(encoded, "$")[:4] }
	require.Equal(t, parameters(hash), parameters(access.Nobody))
	require.Len(t, access.Nobody, len(hash))
	require.NoError(t, access.VerifyNothing(t.Context(), "anything"))
	ok, _, err := access.Verify(t.Context(), "anything", access.Nobody)
	require.NoError(t, err)
	require.False(t, ok)
}

func TestW3PasswordProblems(t *testing.T) {
	const name, code = "示范建工集团有限公司", "91430100MA4L16JL9N"
	for _, row := range []struct{ password, want string }{
		{"Tr7-kq", "至少 8 个"},
		{"夜雨剪春韭七字", "至少 8 个"},
		{strings.Repeat("夜雨", 64) + "终", "不能超过 128"},
		{strings.Repeat("x", 200_000), "不能超过 128"},
		{"ok\x00okok-ok", "无法识别"},
		{"tab\there-too", "无法识别"},
		{"\xff\xfe-not-utf8", "无法识别"},
		{"password", "常见"},
		{"PassWord123", "常见"},
		{"Password2024", "常见"},
		{"p@ssw0rd!", "常见"},
		{"qwerty123", "常见"},
		{"1qaz2wsx", "常见"},
		{"admin@888", "常见"},
		{"a1234567", "常见"},
		{"a123456789", "常见"},
		{"abc12345", "常见"},
		{"woaini1314", "常见"},
		{"5201314a", "常见"},
		{"woaini520", "常见"},
		{"wangwei123", "常见"},
		{"changsha2024", "常见"},
		{"Zhang@123", "常见"},
		{"123woaini", "常见"},
		{"ｐａｓｓｗｏｒｄ１２３", "常见"},
		{"11111111", "重复"},
		{"aaaaaaaaaaaa", "重复"},
		{"abababab", "重复"},
		{"123412341234", "重复"},
		{"哈哈哈哈哈哈哈哈", "重复"},
		{"woaiwoai", "重复"},
		{"qwertyuiop[]", "连续"},
		{"poiuytrewq", "常见|连续"},
		{"abcdefghij", "连续"},
		{"zyxwvuts", "连续"},
		{"987654321", "常见|连续"},
		{"12345678", "常见|连续"},
		{"asdfghjkl;'", "连续"},
		{"qwertyzxcv", "常见|连续"},
		{"yuiophjkl;", "连续"},
		{"1234qwer", "常见|连续"},
		{"19851203", "生日"},
		{"13800138000", "手机号"},
		{name, "不能包含"},
		{name + "1", "不能包含"},
		{code, "不能包含"},
		{strings.ToLower(code), "不能包含"},
		{"MA4L16JL9N", "不能包含"},
		{"a" + code, "不能包含"},
		{"夜雨剪春韭新炊", "至少 8 个"},
		{"夜雨剪春韭新炊间", ""},
		{"Tr7-kqVm", ""},
		{"correct horse battery staple", ""},
		{"12月的岳麓山路", ""},
		{"kd83nxo2", ""},
		{"20241332", ""},
		{"73920418", ""},
		{name + "每年七月都要开会讨论", ""},
	} {
		t.Run(cutTo(row.password, 20), func(t *testing.T) {
			got := access.PasswordProblem(row.password, name, code, "")
			if row.want == "" {
				require.Empty(t, got)
				return
			}
			require.Regexp(t, row.want, got)
		})
	}
}

func TestW3CommonPasswordsAreManyAndAllRefused(t *testing.T) {
	all := access.CommonPasswords()
	require.Greater(t, len(all), 1000)
	for _, p := range all {
		require.NotEmpty(t, access.PasswordProblem(p), p)
	}
}

func cutTo(text string, n int) string {
	if r := []rune(text); len(r) > n {
		return string(r[:n])
	}
	return text
}

func FuzzPasswordProblem(f *testing.F) {
	f.Add("password", "name")
	f.Add("𬀩𬀩𬀩𬀩", "示范")
	f.Fuzz(func(t *testing.T, password, name string) {
		access.PasswordProblem(password, name)
	})
}
