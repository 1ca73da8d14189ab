r"""The words by which answers are announced, rejected and taken back.

All patterns look at marked text (:mod:`~hotmess_inspect.multiple_choice.marks`): what stands for a choice is one
character there, so no word of a choice's own text can be taken for one of these. Every quantifier that could grow is
bounded, so that reading stays linear in the length of the text.
"""

from __future__ import annotations

import re

__all__ = [
    "ALL_BUT",
    "ANNOUNCED",
    "ASKED_AND_ANSWERED",
    "BARE_LINE",
    "CONCESSION",
    "CONCLUSION",
    "CONDITION",
    "CONFIRMED",
    "CONSEQUENCE",
    "CONTRAST",
    "CORRECTION",
    "DASHED_MAYBE",
    "DASHED_NO",
    "DASHED_YES",
    "DENIED",
    "DENIED_AFTER",
    "DENIED_BELOW",
    "GROUP",
    "HARMLESS",
    "LISTED",
    "LOOKED_AT",
    "LOOKS",
    "MARK",
    "NEXT_QUESTION",
    "OPENING",
    "OPENING_REASON",
    "POLITE_CONDITION",
    "QUOTED_FROM",
    "REFUSAL",
    "RELATIVE",
    "RETRACTION",
    "SENTENCE_END",
    "SEVERAL_ANSWERS",
    "SINGULAR",
    "STATED",
    "TENTATIVE",
    "TICK_AFTER",
    "TICK_BEFORE",
    "TITLED",
]

# One character that stands for a choice; see `marks`.
MARK = "[\ue000-\ue3ff]"
_WORD_START = r"(?<![^\W\d_])"
_WORD_END = r"(?![^\W\d_])"

SENTENCE_END = re.compile(r"(?<=[.!?])\s+|\s*\n\s*|;\s+|(?<=[。！？])")

# ANSWER: C
_ANNOUNCERS = (
    rf"(?:{_WORD_START}(?:answer|ans|antwort|lösung|loesung|réponse|reponse|respuesta|resposta|risposta|antwoord|"
    r"odpowiedź|cevap|yanıt|jawaban|đáp án|svar|vastaus|răspuns|ответ|відповідь|solution|verdict|conclusion|result|"
    r"(?:correct|right|best|final|my|chosen|selected|closest|likeliest|likely)\s+(?:option|choice|letter|alternative|"
    r"selection|response|pick|guess|vote|bet|match|one|decision|statement)|pick|guess|vote|selection|"
    r"opción correcta|opção correta|bonne option|(?:правильный|верный) вариант|"
    r"(?<![^\W\d_] )(?:choice|option)|chosen_option|selected_option|correct_answer|final_answer|answer_letter|answer_choice|"
    r"correct_option|letter|selected|chosen|correct|final)|"
    r"الإجابة|الاجابة|الجواب|پاسخ|תשובה|उत्तर|答案|正确选项|正確選項|答|答え|正解|解答|回答|정답|답)"
)
_ANNOUNCED = (
    rf"{_ANNOUNCERS}(?:\s+(?:letter|choice|option|key|finale?|correct[ae]?|is|est|es|ist|richtige?|الصحيحة|النهائية|は))?"
    r"[\"'”]?\s*(?:\([^()\n]{0,30}\)\s*)?(?:[:=→⇒➜]|->|=>|\s[–—-]|—)+\s*(?:(?:is|es|est|ist|the|option)\s+)?"
    r"(?:\{\s*[\"']\w{1,12}[\"']:)?"
)
# The answer is C
_SUBJECTS = (
    rf"(?:{_WORD_START}(?:answer|solution|choice|option|(?:correct|right|best|proper|only|valid|likely|likeliest|"
    r"suitable|appropriate|plausible|accurate|final|my|chosen|selected|true|closest|better|sensible|reasonable|logical|"
    r"fitting|strongest|safest)\s+(?:answer\s+)?"
    r"(?:options?|choice|one|letter|alternative|response|statement|selection|match|guess|pick|conclusion|candidate|bet|"
    r"fit|vote|verdict|decision)|antwort|lösung|richtig|"
    r"korrekt|richtige option|réponse|bonne (?:réponse|option)|respuesta|correcta|opción correcta|resposta|"
    r"alternativa correta|risposta|antwoord|odpowiedź|odpowiedzią|cevap|yanıt|jawaban\w*|đáp án|svar|svaret|vastaus|"
    r"răspunsul|ответ\w{0,2}|(?:правильн|верн)\w{1,3}\s+(?:вариант\w{0,3}|ответ\w{0,3}|выбор)|відповідь|what (?:is|was) asked|what (?:remains|is left|fits)|remaining (?:option|choice|one|answer)"
    r")|الإجابة|الاجابة|الجواب|الخيار الصحيح|پاسخ|התשובה|תשובה|उत्तर)"
)
_COPULAS = (
    r"(?:(?:is|was|must be|should be|would be|will be|has to be|ought to be|can only be|appears to be|seems to be|seems|"
    r"remains|becomes|turns out to be|ist|lautet|wäre|est|serait|es|sería|é|è|(?<=odpowiedź )to|jest|là|adalah|är|"
    r"(?<=vastaus )on|este|является|это|будет|هي|هو|است|היא|הוא|है)(?![^\W\d_])|[—–:=])"
)
_FILLERS = (
    r"(?:(?:therefore|thus|hence|then|clearly|indeed|still|definitely|certainly|most|likely|probably|simply|actually|"
    r"obviously|in fact|surely|now|of course|again|just|also|that of|given by|given in|found in|to be|as follows|"
    r"indicated by|represented by|option|choice|letter|the|what|"
    r"daher|somit|demnach|deshalb|folglich|eindeutig|donc|bien|alors|clairement|entonces|"
    r"por (?:lo )?tanto|claramente|portanto|quindi|dus|zatem|więc|maka|vậy|la|die|der|el|l['’]|"
    r"следовательно|поэтому|таким образом|именно|إذن)[,:]?\s*){0,4}"
)
_WORDS_BETWEEN = rf"(?:,?\s+(?!{MARK})[^\W\d_][\w'’-]{{0,20}},?){{0,8}}?"
_CHOOSE = (
    rf"{_WORD_START}(?:choos(?:e|ing)|chose|pick(?:ing)?|select(?:ing|ed)?|go(?:ing)? (?:with|for)|went with|"
    r"opt(?:ing)? for|i(?:['’]d| would|['’]ll| will)(?: answer)?|settl(?:e|ing) (?:on|for)|stick(?:ing)? with|answer(?:ing)? with|"
    r"votes? (?:for|goes to)|lean(?:ing)? (?:towards?|to)|say|guess|bet(?:ting)? on|"
    r"(?:believe|think|guess|suppose|reckon|say) (?:that )?(?:it['’]?s|it is|it must be|it should be|it would be)|"
    r"change (?:my|the) answer to|switch(?:ing)? to|correct (?:it|this|that|myself) to|"
    r"conclude(?: that)?(?: it is| it['’]s)?|narrow(?:s|ed)? (?:it |this )?down to|"
    r"leav(?:es|ing)(?: us| me)?(?: only| just)?(?: with)?|points? to|it['’]s|it is|it was|it must be|"
    r"it has to be|it should be|it would be|it can only be|that['’]s|that is|that would be|this is|this would be|must be|"
    r"should be|has to be|would be|can only be|nothing but|none other than|only|"
    r"wähle|nehme|tippe auf|entscheide mich für|choisis|opte pour|je dirais|elijo|escojo|selecciono|diría|escolho|"
    r"scelgo|kies|wybieram|выбираю|выберу|обираю|memilih|chọn|أختار|اختار)[:,]?\s+"
)
_THEREFORE = (
    rf"(?:{_WORD_START}(?:therefore|thus|hence|so|conclusion|overall|accordingly|consequently|also|daher|donc|entonces|"
    r"поэтому|значит|следовательно|instead|correction|edit)|∴|→|⇒|=>)(?:\s*[,:-])?\s*"
)
_CJK = (
    r"(?:(?:答案|正确选项|正確選項|正确的选项|正確的選項|正确的是|正確的是|正确答案|正解|答え|正答|解答|回答|正しい答え|"
    r"正しいのは|정답|답)\s*(?:应该|應該|应当|应|應|就|只能|可能|显然|便|으로|)"
    r"(?:选择|選擇|选|選|是|为|為|は|：|:|은|는|이)?[,、]?\s*"
    r"|(?<![不别勿未非])(?:选择|選擇|选(?![项項择])|選(?![項択擇]))\s*(?:的是|了)?\s*(?:[:：])?\s*)"
)
# All of them fail except C
_ALL_BUT = (
    rf"{_WORD_START}(?:all|none|nothing|no|others|every\w*|any\w*|options|choices|each)(?:\s+[^\s,.;:]{{1,20}}){{0,6}}\s+"
    r"(?:except|but|besides|other than|apart from|save)\s+(?:for\s+)?"
)
ALL_BUT = re.compile(rf"{_ALL_BUT}[\s\"'“(\[]*$", re.IGNORECASE)
_QUOTES = r"[\s\"'“„‘«「『【〔\[({<:_*-]{0,4}"
ANNOUNCED = re.compile(rf"{_ANNOUNCED}{_QUOTES}(?={MARK})", re.IGNORECASE)
STATED = re.compile(
    # Most places lie within a word, which one look tells.
    rf"(?<![A-Za-z])(?:{_ANNOUNCED}|{_SUBJECTS}{_WORDS_BETWEEN}\s*{_WORD_START}{_COPULAS}\s*{_FILLERS}(?:[:：]\s*)?"
    rf"|{_WORD_START}(?:cevap|yanıt)\s+|{_CHOOSE}{_FILLERS}|{_THEREFORE}{_FILLERS}|{_CJK}|{_ALL_BUT})"
    rf"{_QUOTES}(?={MARK})",
    re.IGNORECASE,
)

# Behind a choice: C is correct
_POSITIVE = (
    r"(?:correct(?!ed|ion|ness)|(?<! a )right|right (?:answer|choice|option|one)|best|better|answer|most (?:accurate|appropriate|plausible|suitable|likely|reasonable)|"
    r"accurate|winner|true|yes|valid|closest|strongest|likeliest|"
    r"only (?:one|option|choice|answer|statement|possibility|remaining)|my (?:answer|choice|pick|guess|final)|"
    r"(?:(?<=is )|(?<=be ))the one(?!\s+(?:that |which )?(?:most|many|some|people|students)(?![^\W\d_])|\s*$)|it is|richtige?|korrekte?|zutreffend|correcte?s?|bonne réponse|vrai|exacte?|correct[ao]|respuesta|resposta|corretta|"
    r"giusta|juist|juiste|prawidłowa|poprawna|rätt|правильн\w{1,3}|верн\w{1,3}|верен|верно|правильно)(?![^\W\d_])"
)
CONFIRMED = re.compile(
    r"\s?[)\]\"'”’.:*]{0,3}\s*(?:\([^()\n]{0,60}\))?(?:\s*,\s*[^.,\n;\ue000-\ue3ff]{1,48},)?\s*[,:–—|→-]{0,2}\s*"
    r"(?:(?:(?:which|that|this|it|one|option|choice|statement)\s+)?"
    r"(?:is|was|must be|has to be|should be|would be|will be|can only be|seems to be|appears to be|seems|looks|appears|"
    r"sounds|remains|turns out to be|ist|est|es|é|è|är|jest|to|является|—|это)\s+)?"
    r"(?:(?:this|therefore|thus|hence|clearly|indeed|the|a|only|one|option|choice|that|is|most|likely|probably|definitely|"
    r"certainly|obviously|by far|overall|in fact|actually|die|der|la|le|l['’]|donc|bien|also|somit|daher|eindeutig|por tanto|"
    r"entonces|una|een|de|het)\s+){0,5}"
    rf"(?:{_POSITIVE}|fits? best|must hold|stays|survives|is left|makes (?:the )?most sense|wins|works best|gets my vote|is what)"
    r"|[)\]\"'”’]{0,2}\s*(?:选项|選項|选择)?(?:是|为|為|才是|为唯一)?\s*(?:唯一)?(?:的)?(?:正确|正確|对的|對的|正解)(?!吗|嗎|性)"
    r"|[)\]\"'”’]{0,2}\s*(?:(?:が|は)\s*(?:最も?|もっとも)?\s*(?:正解|正しい|答え|適切)|を(?:選|えら)|(?:가|이|번이)\s*(?:정답|맞|옳)|(?:를|을)\s*(?:선택|고르))",
    re.IGNORECASE,
)
# What a dash behind a choice adds: "C – no, that's off", "C – hmm, maybe"; "C – not B" adds nothing to C.
_DASHED = r"[)\]\"'”’.*]{0,3}\s*[—–-]{1,2}\s*"
DASHED_NO = re.compile(
    rf"{_DASHED}(?:no|nope|nah|wrong|incorrect|false|nein|non)(?![^\W\d_])(?!\s*[\ue000-\ue3ff])",
    re.IGNORECASE,
)
DASHED_YES = re.compile(rf"{_DASHED}(?:yes|yep|yeah|right|correct|bingo)(?![^\W\d_])", re.IGNORECASE)
DASHED_MAYBE = re.compile(
    rf"{_DASHED}(?:(?:hmm+|well|um+|uh|ok(?:ay)?)[,. ]*)?(?:(?:maybe|perhaps|possibl[ey]|could be|might be|may be|"
    r"plausible|partly|not sure|unsure|debatable|doubtful)(?![^\W\d_])|hmm+)",
    re.IGNORECASE,
)
TICK_AFTER = re.compile(
    r"[^\n\ue000-\ue3ff]{0,200}?(?:✅|✓|✔|☑|←|<--|\((?:correct|right|richtig|correcte?|correcta)\))",
    re.IGNORECASE,
)
TICK_BEFORE = re.compile(r"(?:✅|✓|✔|☑|\[[xX]\])\s*\W{0,3}$")

# "option C says that …": what a choice says is looked at.
QUOTED_FROM = re.compile(
    r"[)\]\"'”]{0,2}\s*(?:says?|states?|reads?|claims?|suggests?|mentions?|means|would (?:mean|imply|say|require|need|lead|result|violate|contradict|entail|give|yield)|talks about)(?![^\W\d_])",
    re.IGNORECASE,
)
# "Let me think about C first. It says: …"
LOOKED_AT = re.compile(
    rf"{_WORD_START}(?:(?:let me|let['’]s|let us|i(?:['’]ll| will)) (?:first )?(?:think about|consider|look at|start with|begin with|examine|check)"
    r"|(?:it|this one|this|that) (?:says|states|reads|claims)[:,]?)[\s\"'“(\[]*$",
    re.IGNORECASE,
)
# "Let's consider each option:": what follows is looked at.
LOOKS = re.compile(
    rf"{_WORD_START}(?:consider|evaluate|analy[sz]e|examine|review|assess|go through|look at|compare|discuss|break down|"
    rf"analysis of|(?:each|every|all)(?: of)?(?: the)?(?: answer)? (?:option|choice|statement)s?){_WORD_END}[^.!?\n]{{0,60}}[:：]$|^(?:step \d+[:.)]?\s*)?(?:compar(?:e|ing)|consider(?:ing)?|evaluat(?:e|ing)|analy[sz](?:e|ing)|examin(?:e|ing)|review(?:ing)?|"
    rf"assess(?:ing)?|go(?:ing)? through|look(?:ing)? at) [^.!?\n]{{0,60}}(?:option|choice|answer|statement|alternative|possibilit)\w*\.?$|^(?:let|i['’]ll|i will|we|now|first)\b[^.!?\n]{{0,60}}(?:consider|evaluate|analy[sz]e|examine|review|assess|go through|look at|discuss)[^.!?\n]{{0,60}}\.$",
    re.IGNORECASE,
)
# "the statement that is not true is C": what is denied is the clause, not the choice.
RELATIVE = re.compile(
    rf"{_WORD_START}(?:that|which|who)\s+(?:[^\s,.:;]{{1,20}}\s+)?(?:not|never|cannot|\w{{1,8}}n['’]t)\s+"
    rf"(?:[^\s,.:;]{{1,20}}\s+){{1,6}}(?=(?:is|would be|must be|should be|seems to be)\s+(?:[^\s,.:;]{{1,12}}\s+)?[\s\"'“(\[]*$)",
    re.IGNORECASE,
)
# Words before a choice that reject it: not C, rule out C
HARMLESS = re.compile(
    rf"{_WORD_START}(?:no doubt|no question|without (?:a |any )?doubt|beyond doubt|not only|not (?:wrong|incorrect|false)|nothing (?:else )?(?:but|than)|"
    r"none other than|no other (?:option |choice |answer )?(?:but|than)|nobody but|not surprisingly|why not|cannot be anything but|"
    r"can['’]?t be anything but|if (?:i|we) (?:had|have|must|were forced|am forced)(?: to \w+)?|if (?:forced|pressed|pushed)|"
    r"if i['’]m (?:not )?\w+|if anything|as if|even if)(?![^\W\d_])",
    re.IGNORECASE,
)
_DENIAL = (
    r"(?:not|never|neither|nor|no|cannot|rather than|instead of|unlike|than|over|contrary to|against|without|"
    r"rul(?:e|es|ed|ing) out|eliminat\w+|exclud\w+|reject\w*|discard\w*|dismiss\w*|cross(?:ed|es|ing)? (?:out|off)|"
    r"get rid of|drop|avoid|wrong|incorrect|incorrectly|wrongly|nicht|kein\w*|statt|ne|pas|plutôt que|non|não|nie|niet|"
    r"inte|не|ни|ikke|tidak|bukan|không)"
)
DENIED = re.compile(
    rf"(?:(?:{_WORD_START}{_DENIAL}|n['’]t){_WORD_END}(?:\s+(?!because|since|but|so)[^\s,.:;]{{1,20}}){{0,3}}"
    r"|(?:n['’]t|\s+not|cannot)\s+(?:think|believe|see|say|choose|pick|select|go|be|agree|consider|accept|support)\s[^,;:]{0,60}"
    r"|(?:不是|不选|不選|排除|并非|不|非|❌|✗|✘|\[ \]))[\s\"'(\[]*$",
    re.IGNORECASE,
)
_BE = (
    r"(?:is|are|was|were|be|seems?|seem|looks?|sounds?|can|could|may|might|would|will|does|do|did|has|have|fits?|makes?|gets?|"
    r"refers?|describes?|states?|applies|apply|says?|ist|sind|est|sont|es|son|são|é|è|sono)"
)
_NEGATIVE = (
    r"(?:(?:not|never|no|wrong(?:ly)?|incorrect(?:ly)?|false|invalid|inaccurate|irrelevant|implausible|unlikely|impossible|"
    r"out(?! to be)|"
    r"eliminated|excluded|ruled|rejected|dismissed|discarded|fails?|contradicts?|contradictory|distractors?|nonsense|unrelated|"
    r"inconsistent|too|neither|nor|falsch|nicht|faux|fausse|incorrect[oa]s?|errad[oa]|falso|sbagliat[ao]|felaktig|fel|fout|onjuist|"
    r"niepoprawna|не|невер(?:ен|н\w*)|неправил(?:ен|ьн\w*)|ошибоч\w*|pas|no)(?![^\W\d_])|\w{0,8}n['’]t(?![^\W\d_]))"
)
DENIED_AFTER = re.compile(
    r"\s?[)\]\"'”’.:*]{0,3}\s*(?:\([^()\n]{0,60}\))?(?:\s*,\s*[^.,\n;\ue000-\ue3ff]{1,48},)?\s*"
    rf"(?:[:–—|→-]{{1,2}}\s*(?:(?:this|that|it|which|option|choice|statement|one|the|a|an)\s+){{0,3}}(?:{_BE}\s+)?"
    rf"(?:[^\s,.;:]{{1,20}}\s+){{0,2}}?{_NEGATIVE}"
    rf"|\(?{_NEGATIVE}|,?\s*(?:which\s+|all\s+|both\s+|each\s+)?{_BE}\s+(?:[^\s,.;:\ue000-\ue3ff]{{1,20}}\s+){{0,3}}?{_NEGATIVE}"
    rf"|(?:can|could|ca|wo|would|does|do|did|is|are|was)n['’]t(?![^\W\d_])|cannot(?![^\W\d_])|[^\w\n]{{0,3}}(?:❌|✗|✘)"
    r"|\s*(?:选项|選項)?\s*(?:是|为)?(?:错|錯|不|誤|间违|間違|아닙|아니|틀)|\s*(?:で|じ)(?:は|ゃ)(?:ない|なく|ありません)"
    r"|[^\n\ue000-\ue3ff✅✓✔]{0,200}?(?:❌|✗|✘))",
    re.IGNORECASE,
)

# "This is inaccurate.", on the line below a choice.
DENIED_BELOW = re.compile(
    rf"\W{{0,4}}(?:(?:this|that|it)(?: (?:one|option|choice|statement|answer))? {_BE}\s+(?:[^\s,.;:]{{1,20}}\s+){{0,2}}?)?"
    rf"{_NEGATIVE}(?!\s+(?:only|other))",
    re.IGNORECASE,
)

# "If it were so, however, it would burn, so the answer is C": what follows from a condition that the question states.
CONSEQUENCE = re.compile(
    r"\b(?:so|therefore|thus|hence)\b\s+(?:the|my)\s+(?:\w+\s+)?(?:answer|choice|option)\s+is\b", re.I
)
# Words by which a choice is only thought of.
TENTATIVE = re.compile(
    rf"{_WORD_START}(?:at first|initially|first (?:thought|guess|instinct|impression|glance)|originally|previously|i (?:had )?thought|"
    r"my (?:first|initial|gut)|tempt\w+|some(?: people| students)? (?:would|may|might|could|think|say)|"
    r"many(?: people| students)? (?:would|may|might|could|think|say|choose|pick)|one (?:might|could|may|would)|"
    r"you (?:might|may|could) |people (?:often|usually|may|might)|"
    r"(?:common|typical|frequent|classic) (?:mistake|error|misconception|trap)|(?:might|may|could) be (?:considered|seen|viewed|regarded|thought|mistaken)|"
    r"(?:a|an|another|one|the) (?:very |quite )?(?:common|popular|typical|frequent|usual|naive|naïve|tempting|intuitive|knee-jerk)"
    r"(?: but \w+| wrong| incorrect)? (?:answer|choice|option|response|pick|guess)|"
    r"(?:most|few|some|other)(?: of the)? (?:people|students|readers|candidates|test[- ]takers|beginners) (?:would |will |may |might |could )?"
    r"(?:choose|pick|select|say|answer|think|guess|go|opt|fall)|zuerst|zunächst|d['’]abord|al principio|сначала|primero)",
    re.IGNORECASE,
)
CONDITION = re.compile(
    rf"{_WORD_START}(?:if|unless|whether|suppos(?:e|ing)|assum(?:e|ing)|were it|had it|in case|provided (?:that|the|it|he|she|they|you|we)|why|wenn|falls|ob|si|se|если|"
    rf"ли){_WORD_END}|如果|もし|만약",
    re.IGNORECASE,
)
POLITE_CONDITION = re.compile(
    r"\s*(?:only|just|partly|partially|in part|in some|in (?:an|a )?(?:other|different)|under (?:an|a )?(?:other|different)|elsewhere|"
    r"for (?:the|a)|if|when|unless|where|in that|as far)\b",
    re.I,
)
CONCESSION = re.compile(
    rf"{_WORD_START}(?:even though|although|though|while|whereas|despite|albeit|obwohl|bien que|aunque|хотя){_WORD_END}",
    re.IGNORECASE,
)
CONTRAST = re.compile(
    rf"(?:,\s*|\s+){_WORD_START}(?:but|however|while|whereas|although|though|yet|sondern|aber|mais|pero|sino|mas|maar|men|но|а не){_WORD_END}"
    r"|\.\.\.|…|\s[—–]\s|,?但是?|ですが|지만",
    re.IGNORECASE,
)
CONCLUSION = re.compile(
    rf"{_WORD_START}(?:so|therefore|thus|hence|conclu\w+|overall|accordingly|consequently|summary|daher|also|somit|folglich|donc|"
    rf"entonces|por (?:lo )?tanto|portanto|quindi|dus|поэтому|значит|следовательно|итак){_WORD_END}|所以|因此|故|したがって|따라서|∴|⇒",
    re.IGNORECASE,
)
# Words that take an earlier answer back.
CORRECTION = re.compile(
    rf"{_WORD_START}(?:wait|actually|correction|on (?:second thoughts?|reflection|closer|further)|mistake|misread|sorry|apolog\w+|"
    r"hold on|let me re\w+|re-?check\w*|re-?consider\w*|instead|change my (?:answer|mind)|revis\w+|i was wrong|scratch that|"
    rf"hmm|oops|no,|nope|rather,|moment(?=[,!…]| mal)|halt|doch|attendez|espera|подождите|однако нет)(?![^\W\d_])|no,|等等|不对|不對|重新|いや|待って|아니",
    re.IGNORECASE,
)
RETRACTION = re.compile(
    r"^\W*(?:wait|no|nope|actually|hmm+|hold on|scratch that|oops|sorry|correction)\b[^\n]{0,80}?"
    r"(?:not (?:right|correct|true|it)|wrong|incorrect|mistake\w*|misread|scratch that|(?:is|was)n['’]t (?:right|correct))",
    re.IGNORECASE,
)
REFUSAL = re.compile(
    rf"{_WORD_START}(?:(?:can(?:not|['’]?t| not)|could(?:n['’]?t| not)|unable to|won['’]?t|will not|not able to|refuse to|decline to|"
    r"impossible to|hard to|difficult to|not possible to|no way to|not going to|would rather not|prefer not to)(?:\s+\w+){0,2}\s+(?:answer|help|"
    r"choose|determin\w+|say|tell|pick|decide|select|know|provide|give|judge|assist|commit|be (?:answered|determined|told|decided))|"
    r"(?:not|n['’]t) (?:listed|(?:(?:given|provided|included|present|found) )?(?:in|among) the (?:options|choices|list))|don['’]?t know|do not know|no idea|not sure|unsure|uncertain|undecided|not certain|no (?:correct|right) answer|not enough (?:information|context)|"
    r"insufficient (?:information|context)|weiß (?:es )?nicht|ne sais pas|no (?:lo )?sé|не знаю|between)(?![^\W\d_])"
    r"|不知道|わかりません|分かりません|모르",
    re.IGNORECASE,
)
# "B? No. C? Yes.": a question with its own answer is a comment.
ASKED_AND_ANSWERED = re.compile(
    rf"((?:^|[.!?]\s|\n)[^\w\n\ue000-\ue3ff]{{0,6}}{MARK})\s?\?\s*[–—-]?\s*(?=(?:no|nope|yes|yep|wrong|right|correct|incorrect|true|false|nein|ja|oui|non|sí|да|нет)(?![^\W\d_]))",
    re.IGNORECASE,
)
# A line that begins a question of the model's own.
NEXT_QUESTION = re.compile(
    r"^[ \t>#*_-]{0,8}(?:(?:next |new |another )?(?:question|problem|exercise)|q|human|user|instruction|input|example|frage|pregunta|"
    r"вопрос|问题|問題)\s{0,2}(?:#?\d{1,4})?\s{0,2}[:.)：]|^[ \t]{0,4}(?:answer the following|now answer this|choose the (?:correct|best) |the following (?:is|are) (?:an? )?(?:multiple|single))"
    "|^[ \t>#*_-]{0,8}\ue110(?=[ \t:.)])"  # "Q:", marked as a letter
    r"|<\|im_start\|>user|\[INST\]",
    re.IGNORECASE | re.MULTILINE,
)

# Behind its answer a model goes on with the answers of several questions: it sums them up, or lists three or more.
SEVERAL_ANSWERS = re.compile(
    r"^[ \t]*(?:now|so|next|finally)\W[^\n\ue000-\ue3ff]{0,30}\b(?:all|these|both|above)\b[^\n\ue000-\ue3ff]{0,30}\banswers\b"
    r"|^[^\n\ue000-\ue3ff]{0,30}(?:以上|所有|上述)[^\n\ue000-\ue3ff]{0,6}答案"
    rf"|(?:^[ \t]*(?:answer: )?the answer is[ (]{{1,2}}{MARK}[ .)]*(?:\n\s{{0,8}}|\Z)){{3,}}",
    re.IGNORECASE | re.MULTILINE,
)

# Several choices in a row: A, B and D; A/B
_JOIN = (
    r"\s*[.]?\s?[)\]\"'”]?\s*(?:,\s*(?:(?:and|or|und|oder|et|ou|y|o|и|или|as well as)\s+)?|/|&|\+|;|and/or\s|(?:and|or|nor|und|oder|et|ou|y|o|e|"
    r"и|или|och|eller|en|of|i|lub|atau|dan|as well as|or maybe|or perhaps|or possibly|and perhaps|or else)\s|和|或者?|及|跟|と|か|または|및|또는|و|أو)"
    r"\s*(?:(?:also|even|maybe|perhaps|possibly|either|both|option|choice|the)\s+)*[(\[\"'“]{0,2}\s*"
)
# A verb that has one choice for its subject.
SINGULAR = re.compile(
    r"[)\]\"']?\s+(?:is|was|has|does|seems|fits|describes|makes|must|states|ist|est|es|é)\b", re.IGNORECASE
)
GROUP = re.compile(rf"{MARK}(?:{_JOIN}{MARK})*", re.IGNORECASE)
BARE_LINE = re.compile(rf"[^\w\ue000-\ue3ff?]{{0,12}}({MARK})[^\w\ue000-\ue3ff?]{{0,6}}")
# "Final: C", in whatever language: a word or two, a colon, a choice, and no more.
TITLED = re.compile(
    rf"\W{{0,6}}[^\W\d_\ue000-\ue3ff]+(?: [^\W\d_\ue000-\ue3ff]+){{0,2}}\s?[:.：]\s*[(\[\"'“]?({MARK})[^\w\ue000-\ue3ff?]{{0,6}}"
)
LISTED = re.compile(
    rf"[^\w\n\ue000-\ue3ff]{{0,8}}(?:\d{{1,2}}[.)]\s*)?(?:\[[ xX]\]\s*)?[^\w\n\ue000-\ue3ff]{{0,4}}({MARK})"
)
# What follows a letter that begins an answer: B, because …
_REASON = r"\s+(?:because|since|as|for|due|given|weil|da|denn|car|parce|porque|ya que|потому|так как)"
OPENING_REASON = re.compile(rf"[)\]\"'”*]{{0,3}},?{_REASON}", re.IGNORECASE)
OPENING = re.compile(
    r"[)\]\"'”*]{0,3}(?:\s*[.,:;!–—-]|\s+(?:because|since|as|is|for|due|given|it is|weil|da|denn|car|parce|porque|ya que|потому|так как))",
    re.IGNORECASE,
)
