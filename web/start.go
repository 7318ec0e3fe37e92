package web

import (
	"fmt"
	"net/http"
	"strings"

	"unireg/record"
	"unireg/web/view"
)

// start is the public start page: the way in, and the flow chart of the whole
// procedure.
func (s *Server) start(v *visit) error {
	return v.render(http.StatusOK, view.StartPage(v.page("网上办事大厅"), view.StartModel{
		Steps: procedure(s.Store.Policy()), Facts: s.facts(),
	}))
}

// facts are what the installation promises for what everybody files first.
func (s *Server) facts() []view.Fact {
	periods := s.Store.Policy().PeriodsOf(record.OrganizationProfile)
	return []view.Fact{
		{Name: "审核时限", Text: fmt.Sprintf("%d 个工作日", periods.Review)},
		{Name: "补正期限", Text: fmt.Sprintf("%d 个工作日", periods.Correction)},
		{Name: "办理方式", Text: "全程网办"},
	}
}

// firstStep is where a filing that is returned goes back to.
const firstStep = "填报基本信息"

// procedure is the flow chart: the way of a first filing through the lifecycle
// table, move by move, until nothing is under way. Who acts, where a filing may
// be sent back, and whether there is a review at all are the table's words.
func procedure(policy record.Policy) []view.Step {
	steps := []view.Step{
		{Title: "注册登记", Text: "填写单位全称或姓名、代码或证件号码，设置密码。", By: "申请人"},
		{Title: firstStep, Text: "按营业执照、身份证件填写，上传扫描件，随时保存草稿。", By: "申请人"},
	}
	facts := record.Facts{
		Kind: record.OrganizationProfile, FirstVersion: true, NeedsReview: policy.NeedsReview(record.OrganizationProfile),
		NeedsSecond: policy.SecondReview,
	}
	state := record.State{Standing: record.NotInForce, Filing: record.NothingFiled}
	for _, move := range []record.Move{record.Submit, record.Approve, record.Confirm} {
		row, _ := record.TransitionOf(move)
		next, ok := record.Next(state, move, row.By, facts)
		if !ok {
			continue
		}
		steps = append(steps, stepOf(row, state, facts))
		state = next
	}
	return append(steps, view.Step{
		Title: state.Label(), Text: "可参加全省各级交易中心的交易；内容有变化时办理变更，审核期间原内容继续有效。", By: "申请人",
	})
}

var roleLabels = map[record.Role]string{
	record.Applicant: "申请人", record.Reviewer: "审核人员", record.Confirmer: "复核人员", record.Supervisor: "管理员",
}

// stepTitles name the stages after the moves that end them.
var stepTitles = map[record.Move]string{record.Submit: "核对并提交", record.Approve: "审核", record.Confirm: "复核"}

// stepOf is the stage that ends with the move.
func stepOf(row record.Transition, from record.State, facts record.Facts) view.Step {
	step := view.Step{Title: stepTitles[row.Move], By: roleLabels[row.By]}
	if row.By == record.Applicant {
		step.Text = "核对全部内容后提交，当场取得回执号。"
		return step
	}
	var choices []string
	for _, move := range record.Allowed(from, row.By, facts) {
		choices = append(choices, move.Label())
	}
	step.Text = "核对内容与附件，结果为" + strings.Join(choices, "或") + "，并在消息中告知。"
	if _, ok := record.Next(from, record.Return, row.By, facts); ok {
		step.Back, step.BackWord = firstStep, record.Return.Label()
	}
	return step
}
