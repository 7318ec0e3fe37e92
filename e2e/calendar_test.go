package e2e

import (
	"fmt"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"unireg/record"
)

// TestB03_ASupervisorMakesAWorkingDayAHoliday changes the rules of the system that
// all tests share, and takes the change back: it runs before the tests that run
// beside one another.
func TestB03_ASupervisorMakesAWorkingDayAHoliday(t *testing.T) {
	s := theSystem(t)
	b := newBidder(t, s, fmt.Sprintf("桔园%d路桥有限公司", nextNumber())).complete(t).submitted(t)
	desk := newMember(t, s, "审核员辛", record.Reviewer, true).sit(t, s)
	supervisor := newMember(t, s, "管理员壬", record.Supervisor, true)
	boss := supervisor.sit(t, s)
	next := record.DefaultCalendar().AddWorkingDays(time.Now(), 1).In(record.Shanghai)
	before := b.due(t)
	desk.part("B03 the reviewer sees by when", func() {
		desk.takes(b.subject.Name)
		desk.sees(before[5:])
	})
	review := desk.path()
	boss.part("B03 the year shows days off and exchanged days, and who may changes one", func() {
		boss.open("/staff")
		boss.follow("时限与日历")
		boss.sees("时限与日历", fmt.Sprintf("%d 年", time.Now().In(record.Shanghai).Year()), "获奖信息", "修改记录")
		boss.open(fmt.Sprintf("/staff/calendar?year=%d", next.Year()))
		boss.followsDay(next)
		boss.sees(next.Format(time.DateOnly), "工作日")
		boss.follow("保存")
		boss.sees("请写明名称")
		boss.fill("名称", "台风停业")
		boss.fill("依据或说明", "省防指通知")
		boss.follow("保存")
		boss.sees("已改为休息日 台风停业", "省防指通知")
	})
	boss.part("B03 what was set by mistake is set back", func() {
		eventually(t, patience, func() string {
			if b.due(t) == before {
				return "the deadline has not moved"
			}
			return ""
		})
		after := b.due(t)
		desk.open(review)
		desk.sees(after[5:])
		require.NotEqual(t, before, after)
		boss.open("/staff/calendar/days/" + next.Format(time.DateOnly))
		boss.sees("休息日 台风停业")
		boss.tick("改为", "工作日")
		boss.follow("保存")
		boss.sees("已改为工作日", "休息日 台风停业 → 工作日")
		eventually(t, patience, func() string {
			if at := b.due(t); at != before {
				return "the deadline is still " + at
			}
			return ""
		})
		desk.open(review)
		desk.sees(before[5:])
	})
	boss.part("B03 the work of a colleague who is away is handed over", func() {
		away := newMember(t, s, "审核员癸", record.Reviewer, true)
		id, err := s.store.ReviewOf(t.Context(), b.profile)
		require.NoError(t, err)
		require.NoError(t, s.store.Assign(t.Context(), record.Actor{Role: record.Supervisor, ID: supervisor.ID}, id, away.ID, "请办理"))
		boss.open("/staff/members/" + string(away.ID) + "/work")
		boss.sees("审核员癸的在办件", b.subject.Name, "分派")
		boss.follow("转交所选")
		boss.sees("请选择同事，或放回队列")
		boss.choose("交给", "放回队列")
		boss.follow("转交所选")
		boss.sees("已转交 1 件", "名下没有在办的件")
	})
}

// followsDay presses a day of the year, which bears no more than its number.
func (p *person) followsDay(day time.Time) {
	p.t.Helper()
	number := strconv.Itoa(day.Day())
	nth, err := strconv.Atoi(p.eval(fmt.Sprintf(`(() => {
		const all = [...document.querySelectorAll("a.cd")].filter((a) => a.firstElementChild.textContent.trim() === "%s");
		return String(1 + all.findIndex((a) => a.pathname === "/staff/calendar/days/%s"));
	})()`, number, day.Format(time.DateOnly))))
	require.NoError(p.t, err)
	require.Positive(p.t, nth, "the day can be pressed")
	p.followNth(number, nth)
}
