package record

import (
	"fmt"
	"slices"
	"strings"

	"unireg/record/codes"
)

// Scope is what a staff member may work on. It is asked in the transaction that
// claims, assigns or decides, so that a changed one counts at once.
type Scope struct {
	Role Role
	// Regions are leading digits of GB/T 2260 codes: 43 is a province, 4301 a city,
	// 430102 a county, each with all that lies in it. None: everywhere.
	Regions []string
	// Kinds are the kinds of record; none: every kind.
	Kinds []Kind
}

// Covers reports whether a filing is in the scope: one of the kind, from the
// region (six digits of GB/T 2260, "" while it is not known), that stands at the
// filing. A second review takes who may confirm. A filing whose region is not
// known is everybody's, so that none is left lying.
func (s Scope) Covers(kind Kind, region string, filing Filing) bool {
	switch {
	case !s.Role.IsStaff(), filing == SecondReview && !s.Role.Covers(Confirmer):
		return false
	case len(s.Kinds) > 0 && !slices.Contains(s.Kinds, kind):
		return false
	}
	return s.Serves(region)
}

// Serves reports whether what comes from the region, "" while it is not known, is
// in the scope as far as regions go.
func (s Scope) Serves(region string) bool {
	return region == "" || len(s.Regions) == 0 || within(s.Regions, region)
}

func within(regions []string, region string) bool {
	return slices.ContainsFunc(regions, func(r string) bool { return strings.HasPrefix(region, r) })
}

// Same reports whether the other scope is the same in every part. Both are as
// CheckScope returns them.
func (s Scope) Same(other Scope) bool {
	return s.Role == other.Role && slices.Equal(s.Regions, other.Regions) && slices.Equal(s.Kinds, other.Kinds)
}

// CheckScope returns the scope as it is kept: regions shortened to the digits
// that tell, in order, without those that lie in another, kinds in the order of
// the navigation. What is no role of the staff's, no region or no kind gives an
// Invalid error.
func CheckScope(s Scope) (Scope, error) {
	if !s.Role.IsStaff() {
		return Scope{}, Errorf(Invalid, "角色只能是审核员、复核员或管理员")
	}
	kept := Scope{Role: s.Role}
	var regions []string
	for _, typed := range s.Regions {
		region := RegionDigits(typed)
		if _, ok := codes.Regions.Lookup(regionCode(region)); !ok || RegionDigits(regionCode(region)) != region {
			return Scope{}, &Error{Code: Invalid, Message: fmt.Sprintf("没有代码为 %s 的地区", typed)}
		}
		regions = append(regions, region)
	}
	slices.Sort(regions)
	for _, region := range regions {
		if !within(kept.Regions, region) {
			kept.Regions = append(kept.Regions, region)
		}
	}
	for _, kind := range s.Kinds {
		if _, ok := DefinitionOf(kind); !ok {
			return Scope{}, &Error{Code: Invalid, Message: fmt.Sprintf("没有名为 %s 的事项", kind)}
		}
	}
	for _, kind := range Kinds() {
		if slices.Contains(s.Kinds, kind) {
			kept.Kinds = append(kept.Kinds, kind)
		}
	}
	return kept, nil
}

// RegionDigits is the leading part of a GB/T 2260 code that tells where it is:
// 43 of 430000, 4301 of 430100, 430102 of itself.
func RegionDigits(code string) string {
	for len(code) > 2 && len(code)%2 == 0 && strings.HasSuffix(code, "00") {
		code = code[:len(code)-2]
	}
	return code
}

// regionCode is the code of which RegionDigits gave the digits.
func regionCode(digits string) string {
	return digits + strings.Repeat("0", max(0, 6-len(digits)))
}

// RegionOf is the full name of a region given by its digits, 湖南省长沙市 of 4301; ""
// for one that there is not.
func RegionOf(digits string) string { return codes.Regions.FullName(regionCode(digits)) }
