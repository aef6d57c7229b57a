#include "encoder/self_test.h"

#include <algorithm>
#include <cmath>

namespace senvec {
namespace {

// Chinese and English, short and long; written for this project.
constexpr absl::string_view kSentences[] = {
    "How do I reset my password?",
    "怎么重置密码？",
    "The printer in the meeting room is out of paper.",
    "会议室的打印机没纸了。",
    "Please cancel my order.",
    "我想取消昨天下的订单，钱什么时候退回来？",
    "ok",
    "不行",
    "Can I pay with a company card and get one invoice for the whole month?",
    "可以用公司的卡付款，然后每个月开一张发票吗？",
    "My laptop shows a blue screen after the latest update, and the battery no longer charges beyond eighty percent.",
    "更新之后电脑一直蓝屏，电池也只能充到百分之八十，请问要送修吗？",
    "The delivery was left with a neighbour who is on holiday until next Tuesday.",
    "快递放在邻居家了，可他下周二才回来。",
    "Is there a train to the airport before six in the morning?",
    "早上六点以前有去机场的车吗？",
    "2 x 4 GB DDR4-3200, part no. 7715-B",
    "The contract ends on the last day of the third month after notice was given in writing, unless both sides agree "
    "on another date; until then the monthly fee is due as before, and equipment must be returned within ten days.",
    "合同在书面通知后的第三个月最后一天终止，双方另有约定的除外；在此之前月费照常支付，设备须在十天内归还。",
    "Where can I see how many days of leave I have left?",
    "年假还剩几天在哪里可以查到？",
    "The red light on the router blinks twice, then stays off.",
    "路由器的红灯闪两下就灭了。",
    "Thank you, that solved it!",
    "We moved last month, and our letters still arrive at the old address.",
    "上个月搬家了，信还是寄到旧地址。",
    "Which of the two cables do I need for the second screen?",
    "第二个显示器要用哪根线？",
    "a",
    "电",
    "The alarm goes off every night at ten past three although nobody is in the building; we changed the batteries, "
    "moved the sensor away from the window and asked the neighbours, without finding the cause.",
    "每天凌晨三点十分警报都会响，可楼里没有人；我们换过电池，把感应器从窗边移开，也问过邻居，还是没找到原因。",
};

}  // namespace

absl::Span<const absl::string_view> SelfTestSentences() { return kSentences; }

double LowestCosine(absl::Span<const float> a, absl::Span<const float> b, int32_t dim) {
  double lowest = 1;
  for (size_t begin = 0; begin < a.size(); begin += static_cast<size_t>(dim)) {
    double dot = 0, aa = 0, bb = 0;
    for (size_t i = begin; i < begin + static_cast<size_t>(dim); ++i) {
      dot += double{a[i]} * b[i];
      aa += double{a[i]} * a[i];
      bb += double{b[i]} * b[i];
    }
    const double cosine = aa == 0 && bb == 0 ? 1 : dot / std::sqrt(aa * bb);
    lowest = std::min(lowest, std::isfinite(cosine) ? cosine : -1.0);
  }
  return lowest;
}

}  // namespace senvec
