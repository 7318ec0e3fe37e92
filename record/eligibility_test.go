package record

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestS12_S13_EligibilityFollowsFromProfileAndCertificate(t *testing.T) {
	for name, test := range map[string]struct {
		facts             EligibilityFacts
		paper, electronic bool
		why               string // among the reasons of the electronic way
	}{
		"nothing filed":                 {facts: EligibilityFacts{Profile: notFiled}, why: "尚未提交"},
		"the zero value":                {why: "尚未提交"},
		"first filing under review":     {facts: EligibilityFacts{Profile: firstReview, Assurance: ByCertificate, Certificates: 1}, why: "正在审核"},
		"first filing in second review": {facts: EligibilityFacts{Profile: firstSecond}, why: "正在审核"},
		"first filing returned":         {facts: EligibilityFacts{Profile: firstReturned}, why: "补正"},
		"by password":                   {facts: EligibilityFacts{Profile: settled, Assurance: ByPassword, Certificates: 1}, paper: true, why: "账号登录提交"},
		"no certificate":                {facts: EligibilityFacts{Profile: settled, Assurance: ByCertificate}, paper: true, why: "没有绑定"},
		"by certificate":                {facts: EligibilityFacts{Profile: settled, Assurance: ByCertificate, Certificates: 2}, paper: true, electronic: true, why: "有效"},
		"change under review":           {facts: EligibilityFacts{Profile: changeReview, Assurance: ByCertificate, Certificates: 1}, paper: true, electronic: true, why: "有效"},
		"change returned":               {facts: EligibilityFacts{Profile: changeReturned, Assurance: ByPassword}, paper: true, why: "账号登录提交"},
		"closed":                        {facts: EligibilityFacts{Closed: true, Profile: settled, Assurance: ByCertificate, Certificates: 1}, why: "已关闭"},
	} {
		t.Run(name, func(t *testing.T) {
			e := EligibilityOf(test.facts)
			require.Equal(t, test.paper, e.Paper)
			require.Equal(t, test.electronic, e.Electronic)
			require.NotEmpty(t, e.PaperReasons)
			require.NotEmpty(t, e.ElectronicReasons)
			all := ""
			for _, reason := range e.ElectronicReasons {
				all += reason
			}
			require.Contains(t, all, test.why)
		})
	}
}

func TestS12_NoElectronicBidWithoutPaper(t *testing.T) {
	for _, state := range States() {
		for _, assurance := range []Assurance{ByPassword, ByCertificate} {
			for certificates := range 2 {
				e := EligibilityOf(EligibilityFacts{Profile: state, Assurance: assurance, Certificates: certificates})
				require.Equal(t, state.Standing == InForce, e.Paper, "%v", state)
				require.Equal(t, e.Paper && assurance == ByCertificate && certificates > 0, e.Electronic, "%v %s %d", state, assurance, certificates)
			}
		}
	}
}
