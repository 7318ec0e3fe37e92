package record

import (
	"math/big"
	"strings"

	"unireg/record/form"
)

var whole = big.NewRat(100, 1)

// percentage is what is wrong with a share in percent.
func percentage(share form.Decimal) string {
	if !share.Positive() || share.Number().Cmp(whole) > 0 {
		return "请填写大于 0、不超过 100 的数字，例如 51 或 33.34"
	}
	return ""
}

// beyondWhole is the sum of shares in percent, and whether that is more than all
// there is. A share that is wrong by itself is left out: that is told beside it.
func beyondWhole(shares []form.Decimal) (total string, over bool) {
	sum := new(big.Rat)
	for _, s := range shares {
		if percentage(s) == "" {
			sum.Add(sum, s.Number())
		}
	}
	return strings.TrimRight(strings.TrimRight(sum.FloatString(4), "0"), "."), sum.Cmp(whole) > 0
}

// otherName is a hint that a name which was typed is not the one under which the
// code is known; "" where both agree or the code is unknown.
func otherName(typed string, known form.SubjectReference) string {
	if !known.Known() || typed == "" || SameName(typed, known.Name) {
		return ""
	}
	return "该代码在本系统登记的名称为“" + known.Name + "”，与填写的不一致，请核对；不影响提交"
}

// SameName reports whether two names of organizations are the same, however they
// were typed: blanks and the width of characters tell nothing.
func SameName(a, b string) bool { return form.Fold(a) == form.Fold(b) }
