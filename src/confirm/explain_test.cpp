// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Explanations: for each rule of CAS §4.2 and §4.3 a line that breaks it, where it breaks and what is said.
#include "confirm/explain.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "confirm/intent_samples.hpp"

namespace cas::confirm {
namespace {

using namespace samples;

struct Broken {
  std::string_view right, wrong;
  std::string_view tag;
  std::string_view at;  // what the line continues with where it breaks
  std::string_view what;
};

class Explanation : public testing::TestWithParam<Broken> {};

INSTANTIATE_TEST_SUITE_P(
    Order, Explanation,
    testing::Values(Broken{"v=CAS1;", "v=CAS1;;", "", ";i=", "there is nothing between two \";\""},
                    Broken{"v=CAS1;", "", "v", "i=AAE", "the line does not begin with \"v=CAS1;\""},
                    Broken{"v=CAS1;", "CONFIRM v=CAS1;", "", "CONFIRM", "the command stands before the intent"},
                    Broken{";k=p", "", "m", "m=c1", "m stands where k should"},
                    Broken{";k=p", ";k=p;k=p", "k", "k=p;m", "k stands twice"},
                    Broken{";k=p", ";z=1;k=p", "z", "z=1", "there is no tag \"z\""},
                    Broken{";k=p", "; k=p", "", " k=p", "there is white space before a tag"},
                    Broken{";k=p", ";K=p", "K", "K=p", "the tag \"K\" is in upper case"},
                    Broken{";k=p", ";kp", "", "kp;", "\"kp\" is no tag: there is no \"=\" in it"},
                    Broken{";k=p", ";k =p", "", " =p", "there is white space before \"=\""},
                    Broken{"t=1795460400;x=1795546800", "x=1795546800;t=1795460400", "x", "x=17",
                           "x stands where t should"},
                    Broken{";k=p", ";k=p;w=fwd;w=fwd", "w", "w=fwd;m", "w stands twice"},
                    Broken{";k=p", ";w=fwd;k=p", "w", "w=fwd", "w stands where k should"},
                    Broken{";k=p", ";k=b;w=fwd;l=x", "l", "l=x", "l stands where m should"}));

INSTANTIATE_TEST_SUITE_P(
    Values, Explanation,
    testing::Values(
        Broken{"0ODw;", "0OD;", "i", ";d=", "there are 21 characters"},
        Broken{"0ODw;", "0ODww;", "i", "w;d=", "there are 23 characters"},
        Broken{"0ODw;", "0ODx;", "i", "x;d=", "the last character \"x\" has unused bits that are not zero"},
        Broken{"0ODw;", "0OD=;", "i", "=;d=", "there is padding"},
        Broken{"i=AAE", "i=AA+", "i", "+CAw", "\"+\" is of the other base64 alphabet"},
        Broken{"d=football", "d=Football", "d", "Foot", "\"F\" is in upper case"},
        Broken{"d=football.example.com", "d=football.example.com.", "d", ".;s=", "the domain ends in a dot"},
        Broken{"d=football", "d=foot_ball", "d", "_ball", "\"_\" is not allowed in a domain"},
        Broken{"d=football.example.com", "d=", "d", ";s=", "the domain is empty"},
        Broken{"d=football.example.com", "d=[192.0.2.1]", "d", "[192", "an address literal cannot be confirmed"},
        Broken{"d=football.example.com", "d=192.0.2.1", "d", "1;s=", "the last label is all digits"},
        Broken{"d=football", "d=xn--999999999", "d", "xn--", "\"xn--999999999\" is no A-label"},
        Broken{"d=football", "d=-football", "d", "-foot", "the label \"-football\" begins or ends with \"-\""},
        Broken{"s=brisbane", "s=a..b", "s", ".b;", "a label is empty"},
        Broken{"a=ed25519-sha256", "a=Ed", "a", "Ed;", "\"Ed\" is not known"},
        Broken{"t=1795460400", "t=01795460400", "t", "017", "there is a leading zero"},
        Broken{"t=1795460400", "t=-1", "t", "-1", "\"-\" is no digit"},
        Broken{"t=1795460400", "t=1795460400000", "t", "0;x", "there are more than 12 digits"},
        Broken{"f=joe@", "f=<joe@", "f", "<joe", "there are angle brackets"},
        Broken{"f=joe@", "f=joe", "f", ";q=", "there is no \"@\""},
        Broken{"f=joe@", "f=%6Aoe@", "f", "%6Aoe", "\"%6A\" is encoded needlessly"},
        Broken{"f=joe@", "f=j oe@", "f", " oe@", "a blank is not encoded"},
        Broken{"f=joe@football", "f=joe@Football", "f", "Foot", "\"F\" is in upper case"},
        Broken{"f=joe@", "f=j%0Doe@", "f", "j%0D", "\"j%0Doe\" holds a control character"},
        Broken{"r=suzie", "r=", "r", ";o=", "a recipient is empty"},
        Broken{"r=suzie", "r=suzie,", "r", ";o=", "a recipient is empty"},
        Broken{"r=suzie", "r=suzie,suzie", "r", "suzie;", "\"suzie\" stands twice"},
        Broken{"r=suzie", "r=zoe,suzie", "r", "suzie;", "recipients are not in rising order: \"suzie\" after \"zoe\""},
        Broken{"r=suzie", "r=suzie@shopping.example.net", "r", "@shop", "\"suzie@shopping.example.net\" has a domain"},
        Broken{"r=suzie", "r=suzi%C3%a9", "r", "%a9", "\"%a9\" has a digit in lower case"},
        Broken{"r=suzie", "r=suzi\xc3\xa9", "r", "\xc3\xa9", "an octet outside ASCII is not encoded"},
        Broken{"r=suzie", "r=suzi%2", "r", "%2;", "\"%\" is not followed by two hexadecimal digits"},
        Broken{"r=suzie", "r=suzi%C3", "r", "suzi", "is no UTF-8 once decoded"},
        Broken{"k=p", "k=x", "k", "x;m", "\"x\" is not known"},
        Broken{"k=p", "k=b", "k", "b;m", "k=b says bulk, and there is no l"},
        Broken{"k=p", "k=p;l=list.example", "l", "list", "l goes with k=b only"},
        Broken{"k=p", "k=b;l=a.List", "l", "List", "\"L\" is in upper case"},
        Broken{"k=p", "k=b;l=%C3%89A", "l", "A;m", "\"A\" is in upper case"},
        Broken{"k=p", "k=p;w=", "w", ";m=", "the value is empty"},
        Broken{"m=c1:", "m=c2:", "m", "c2:", "\"c2\" is no digest of this version"},
        Broken{"04wXI;", "04wXJ;", "m", "J;b", "the last character \"J\" has unused bits that are not zero"},
        Broken{"KanAQ", "KanA/", "b", "/", "\"/\" is of the other base64 alphabet"},
        Broken{"KanAQ", "KanAR", "b", "R", "the last character \"R\" has unused bits that are not zero"}));

TEST_P(Explanation, SaysWhereAndWhy) {
  const std::string line = vector_with(GetParam().right, GetParam().wrong);
  const auto fault = explain(line);
  ASSERT_TRUE(fault) << line;
  EXPECT_EQ(fault->reason, Reason::Syntax);
  EXPECT_EQ(fault->tag, GetParam().tag);
  EXPECT_EQ(fault->what, GetParam().what);
  EXPECT_FALSE(fault->mend.empty());
  ASSERT_LE(fault->at, line.size());
  EXPECT_TRUE(std::string_view(line).substr(fault->at).starts_with(GetParam().at)) << line.substr(fault->at);
}

TEST(Explain, FindsNothingInAnIntent) {
  EXPECT_EQ(explain(vector_line), std::nullopt);
  EXPECT_EQ(explain(vector_with(";m=c1:a_XHkNAHBRi5EwVVJLppltFIoF_VuobkMu-PuI04wXI", ";m=-")), std::nullopt);
}

TEST(Explain, SaysWhatIsMissingAtTheEnd) {
  const std::string line(vector_line);
  EXPECT_EQ(explain(line + ";")->what, "the line ends in \";\"");
  EXPECT_EQ(explain(line + ";y=1")->what, "there is no tag \"y\"");
  EXPECT_EQ(explain(line + ";w=fwd")->what, "w stands behind b");
  EXPECT_EQ(explain("v=CAS1;")->what, "the line ends in \";\"");
  const std::string unsigned_line = line.substr(0, line.rfind(";b="));
  EXPECT_EQ(explain(unsigned_line)->what, "b is missing: the line ends before it");
  EXPECT_EQ(explain(unsigned_line)->at, unsigned_line.size());
  EXPECT_EQ(explain(unsigned_line + ";b=")->what, "there is no signature");
}

TEST(Explain, TellsOtherVersionsAndAlgorithmsFromSyntaxCasSection43) {
  EXPECT_EQ(explain("v=CAS2;anything")->reason, Reason::Version);
  EXPECT_EQ(explain("v=CAS2")->reason, Reason::Syntax);
  const std::string other = vector_with("ed25519-sha256", "mldsa65-sha512");
  EXPECT_EQ(explain(other)->reason, Reason::Algorithm);
  EXPECT_EQ(explain(other)->at, other.find("mldsa65"));
  EXPECT_EQ(explain(with(other, "k=p", "k=x"))->reason, Reason::Syntax);
  EXPECT_EQ(parse_intent(with(other, "k=p", "k=x")), std::unexpected(Reason::Syntax));
}

TEST(Explain, SaysThatALineIsTooLong) {
  EXPECT_EQ(explain(std::string(max_intent_line + 1, 'x'))->reason, Reason::TooLong);
  EXPECT_EQ(explain(std::string(max_intent_line, 'x'))->reason, Reason::Syntax);
}

}  // namespace
}  // namespace cas::confirm
