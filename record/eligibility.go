package record

// Eligibility says in which way a subject may bid: on paper (纸质标) or
// electronically (电子标), each with the reasons in words a person understands.
// Reasons are never empty: a yes has its ground too.
type Eligibility struct {
	Paper             bool
	Electronic        bool
	PaperReasons      []string
	ElectronicReasons []string
}

// EligibilityFacts are what eligibility follows from. They are facts about one
// instant: asked for an instant in the past, the rule gives the answer of then.
type EligibilityFacts struct {
	// Closed tells that the registration was closed.
	Closed bool
	// Profile is where the 基本信息 stands; the zero value means never filed.
	Profile State
	// Assurance is how the version of the profile that counts was submitted.
	Assurance Assurance
	// Certificates counts the CA certificates bound to the subject that are
	// valid.
	Certificates int
	// Confirmation is where the annual confirmation of the profile stands.
	Confirmation Confirmation
}

// EligibilityOf applies the rule: 基本信息 in force is what bidding takes; to bid
// electronically it must have been submitted under a certificate session, and a
// valid certificate must be bound. Where policy says so, who is overdue with the annual
// confirmation may not bid at all. A change under way leaves the version in
// force as it is, and with it the eligibility.
func EligibilityOf(f EligibilityFacts) Eligibility {
	if f.Closed {
		reason := []string{"该主体的注册已关闭"}
		return Eligibility{PaperReasons: reason, ElectronicReasons: reason}
	}
	if f.Profile.Standing != InForce {
		reason := []string{missingProfile(f.Profile.Filing)}
		return Eligibility{PaperReasons: reason, ElectronicReasons: reason}
	}
	if f.Confirmation.Stops {
		reason := []string{"基本信息逾期未年度确认，确认后即可恢复"}
		return Eligibility{PaperReasons: reason, ElectronicReasons: reason}
	}
	e := Eligibility{Paper: true, PaperReasons: []string{"基本信息已生效"}}
	if f.Assurance != ByCertificate {
		e.ElectronicReasons = append(e.ElectronicReasons, "现行有效的基本信息以账号登录提交，请用 CA 证书登录后变更并提交")
	}
	if f.Certificates == 0 {
		e.ElectronicReasons = append(e.ElectronicReasons, "没有绑定有效的 CA 证书")
	}
	if len(e.ElectronicReasons) == 0 {
		e.Electronic = true
		e.ElectronicReasons = []string{"基本信息已用 CA 证书提交并生效，绑定的 CA 证书有效"}
	}
	return e
}

// missingProfile says why no profile counts yet.
func missingProfile(f Filing) string {
	switch f {
	case UnderReview, SecondReview:
		return "基本信息正在审核，通过后生效"
	case Returned:
		return "基本信息被退回，请补正后重新提交"
	case NothingFiled:
	}
	return "基本信息尚未提交"
}
