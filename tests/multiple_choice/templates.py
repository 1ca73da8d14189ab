"""A generated corpus of answers: questions × ways to answer, the letter known.

A template is a form of an answer with fields: ``{L}`` and ``{t}`` the letter and text that are answered, ``{l}`` the letter in
lower case, ``{W}``, ``{w}`` and ``{V}``, ``{v}`` two other choices, ``{options}`` all choices line by line, ``{inline}`` all
choices in a sentence, ``{rest}`` the other letters in words, ``{verdicts}`` one line of comment per choice. Where a
template has ``¦``, the answer stands before it: cut further left, the text has none.
"""

from __future__ import annotations

import random
import re
import string
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

CUTS = (16, 32, 64)
_TOKEN = re.compile(r"\s?\w{1,6}|\s|[^\w\s]")
NEGATION = re.compile(
    r"(?<![a-z])(?:no|not|none|never|neither|nor|cannot|without|nothing|nobody|wrong|incorrect|false|except)(?![a-z])|n't",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Row:
    """A question's choices, made for these tests or from a data set."""

    choices: tuple[str, ...]
    subject: str


@dataclass(frozen=True)
class Case:
    """A text, the choices, and what is read; ``None`` where there is no answer."""

    family: str
    template: str
    text: str
    choices: tuple[str, ...]
    expected: int | None
    subject: str
    truncated: bool


# Choices that are hard to keep apart from the words around them; nobody else's questions.
ROWS: tuple[Row, ...] = tuple(
    Row(tuple(choices), subject)
    for subject, choices in [
        ("law", ["No, because the gate was never locked.", "No, unless the tenant had been told.",
                 "Yes, because the owner did not object.", "Yes, since no permit was needed."]),
        ("law", ["The sale is void.", "The sale is not void.", "The sale is voidable by the buyer only.", "None of the above"]),
        ("law", ["not guilty, because she could not have known", "guilty, although he did not intend it",
                 "guilty only if nobody warned her", "neither guilty nor liable"]),
        ("biology", ["the leaf", "the leaf and the stem", "the leaf, the stem and the root", "the root alone"]),
        ("biology", ["The mother and her calf.", "The calf.", "The bull, the mother and her calf.", "The herd"]),
        ("mathematics", ["12", "21", "102", "120"]),
        ("mathematics", ["1", "2", "3", "4"]),
        ("mathematics", ["-3", "3", "0", "1/3"]),
        ("mathematics", ["x^2 + 1", "x^2 - 1", "(x + 1)^2", "x + 1"]),
        ("mathematics", ["$\\frac{1}{2}$", "$\\frac{1}{4}$", "$\\sqrt{2}$", "$2$"]),
        ("mathematics", ["True, True", "True, False", "False, True", "False, False"]),
        ("logic", ["True", "False"]),
        ("logic", ["Yes", "No"]),
        ("logic", ["Both A and B", "A only", "B only", "Neither A nor B"]),
        ("logic", ["All hares run", "No hares run", "Some hares do not run"]),
        ("logic", ["Both the first and the second", "The first", "The second", "All of the above", "None of the above"]),
        ("medicine", ["A", "B", "AB", "O"]),
        ("medicine", ["vitamin C", "vitamin D", "vitamin B12", "vitamin K"]),
        ("medicine", ["Wait and do nothing.", "Operate at once", "Give no fluids.", "Stop the medicine that is wrong for her."]),
        ("physics", ["10 m/s", "20 m/s", "10 m", "20 m"]),
        ("physics", ["1.5 × 10^-4 J", "1.5 × 10^4 J", "3.0 × 10^-4 J", "3.0 × 10^4 J"]),
        ("physics", ["It doubles.", "It halves.", "It does not change.", "It cannot be told from what is given."]),
        ("physics", ["I only", "II only", "I and II", "I, II and III"]),
        ("history", ["1812", "1848", "1871", "1918"]),
        ("history", ["The harvest failed for three years, prices of bread rose in all towns, and the council sold what grain there was to the army",
                     "The harvest failed for three years, prices of bread rose in all towns, but the council did not sell any grain to the army",
                     "The river froze, so that no ship came", "A fire broke out in the granary, and nobody put it out"]),
        ("geography", ["Lake Ladoga", "Lake Onega", "Lake Peipus", "Lake Saimaa", "Lake Inari", "Lake Vänern", "Lake Vättern",
                       "Lake Mälaren", "Lake Hjälmaren", "Lake Storsjön"]),
        ("geography", ["north", "north-east", "east", "south-east", "south", "south-west", "west", "north-west"]),
        ("economics", ["$5,000", "$50,000", "$500", "$0"]),
        ("economics", ["10%", "15%", "1.5%", "0.15%"]),
        ("economics", ["Supply rises; price falls.", "Supply falls; price rises.", "Supply rises; price rises.",
                       "Supply does not change; price falls.", "Neither supply nor price changes."]),
        ("computing", ["O(n)", "O(n log n)", "O(n^2)", "O(1)"]),
        ("computing", ["a list", "a set", "a tuple", "a dict"]),
    ]
)  # fmt: skip

# (family, template, whether {L} is the expected reading). Half A was written before the reader.
HALF_A: list[tuple[str, str, bool]] = [
    ("asked", "ANSWER: {L}", True),
    ("asked", "Answer: {L}", True),
    ("asked", "ANSWER: {L}) {t}", True),
    ("asked", "The facts point one way only.\n\nANSWER: {L}", True),
    ("asked", "answer: {l}", True),
    ("asked", "Final answer: ({L})", True),
    ("asked", "ANSWER: {t}", True),
    ("asked", "ANSWER: {L} because the other ones do not fit.", True),
    ("markup", "**{L}**", True),
    ("markup", "**Answer: {L}) {t}**", True),
    ("markup", "**{L}. {t}**\n\nThe others are wrong.", True),
    ("markup", "\\boxed{{{L}}}", True),
    ("markup", "The final answer is $\\boxed{{\\text{{{L}}}}}$.", True),
    ("markup", '{{"answer": "{L}"}}', True),
    ("markup", '```json\n{{\n  "reasoning": "Not {W}, since it fails.",\n  "answer": "{L}"\n}}\n```', True),
    ("markup", "<answer>{L}</answer>", True),
    ("markup", "<think>Is it {W}? The answer is {W}.</think>\n\n{L}", True),
    ("markup", "### Answer\n\n{L}) {t}\n\n### Explanation\n\nIt follows from the definition.", True),
    ("markup", "```\n{L}\n```", True),
    ("markup", "- **Answer:** {L}\n- **Confidence:** high", True),
    ("label", "{L}", True),
    ("label", "{L}.", True),
    ("label", "({L})", True),
    ("label", "{l}) {t}", True),
    ("label", "{L}) {t}", True),
    ("label", "{L}. {t}", True),
    ("label", "{L}: {t}", True),
    ("label", "({L}) {t}", True),
    ("label", "{L} {t}", True),
    ("label", "{L} - {t}", True),
    ("label", "Option {L}", True),
    ("label", "Option {L}: {t}", True),
    ("label", "{L}) {t}\n\nThis is what the rule says, and none of the others does.", True),
    ("text", "{t}", True),
    ("text", "The answer is {t}.", True),
    ("text", "The correct answer is: {t}", True),
    ("text", "**{t}**", True),
    ("text", "I would go with \"{t}\".", True),
    ("sentence", "The answer is {L}.", True),
    ("sentence", "The correct answer is ({L}) {t}.", True),
    ("sentence", "The correct answer is option {L}, because it is not like the others.", True),
    ("sentence", "My pick: {L}", True),
    ("sentence", "It should be {L}", True),
    ("sentence", "I think the answer would be {L}).", True),
    ("sentence", "The closest option is ({L}) {t}.", True),
    ("sentence", "{L} is correct.", True),
    ("sentence", "({L}) is the best of these.", True),
    ("sentence", "Option {L} is the right one, while {W} is not.", True),
    ("sentence", "I'd say {L}.", True),
    ("sentence", "Definitely {L}!", True),
    ("sentence", "The answer is {L}, not {W}.", True),
    ("sentence", "It is {L} rather than {W}.", True),
    ("sentence", "Not {W} but {L}.", True),
    ("sentence", "I'm not sure, but I think it is {L}.", True),
    ("sentence", "If I had to guess, I'd choose {L}.", True),
    ("correction", "Answer: {W}. Wait, that is not right. In fact the correct answer is {L}.", True),
    ("correction", "Answer: {W}\n\nHmm, let me check this again. The rule says otherwise. So the answer is {L}.", True),
    ("correction", "At first I thought {W}, but on reflection {L}.", True),
    ("correction", "{W}... no, {L}.", True),
    ("correction", "The answer is {W}. Actually, it's {L}.", True),
    ("listing", "Let's consider each choice: {inline}. The answer is ({L}).", True),
    ("listing", "{options}\n\nAnswer: {L}", True),
    ("listing", "The options are:\n{options}\n\nI choose {L}.", True),
    ("listing", "{verdicts}", True),
    ("listing", "{verdicts}\n\nSo the answer is {L}.", True),
    ("elimination", "{W} can be ruled out, and so can {V}. The answer must be {L}.", True),
    ("elimination", "We can eliminate {rest}. That leaves {L}.", True),
    ("elimination", "{rest} are wrong, so it has to be {L}.", True),
    ("run-on", "{L}\n\nQuestion: Which of these floats?\n\nA) lead\nB) cork\nC) iron\nD) gold\nAnswer: {W}", True),
    ("run-on", "{L}) {t}\n\nQuestion: What is the capital of Peru?\nA) Quito\nB) Lima\nAnswer: {W}", True),
    ("run-on", " {L}\nQ: How many legs has a spider?\nA: {W}", True),
    ("phantom", "We write E for the energy, and from the first law we get E = 3 and so H = 2.", False),
    ("phantom", "Let us write F = m a and see what we get. From this C =", False),
    ("none", "I cannot answer this question.", False),
    ("none", "I'm sorry, but I can't help with that.", False),
    ("none", "I don't know.", False),
    ("none", "It is either {L} or {W}.", False),
    ("none", "{L} or {W}", False),
    ("none", "ANSWER: {L} and {W}", False),
    ("none", "{options}", False),
    ("none", "The answer is not {L}.", False) ,
    ("none", "Let's think about this step by step. First of all we have to see what the question asks.", False),
    ("language", "Die richtige Antwort ist {L}) {t}.", True),
    ("language", "La bonne réponse est la {L}.", True),
    ("language", "La respuesta correcta es {L}: {t}", True),
    ("language", "正确答案是{L}。", True),
    ("language", "Правильный ответ: {L}", True),
    ("language", "答えは {L} です。", True),
    ("language", "Jag tror att det är {L}.", True),
    ("cut", "Answer: {L}) {t}¦\n\nExplanation: The rule that is asked about says so. Nothing in what is given speaks for {W}, and "
     "the same goes for {V}, which is about something else.", True),
    ("cut", "Let's think step by step. The question asks what follows from the case. First, {W} is about another case. "
     "Then, {V} cannot follow from it either. So the correct answer is {L}¦ as one can see.", True),
    ("cut", "To answer this, let's look at each option:\n\n{comments}\n\nThe answer is {L}.¦", True),
    ("cut", "The correct answer is {L}¦) {t}. It follows from what is said in the first line, since all else would be against the rule.", True),
    ("cut", "<think>\nOkay, so the question is about this. Maybe {W}? Let me see. {W} sounds good, but I want to be sure. "
     "Let me think about {L} too.\n</think>\n\nANSWER: {L}¦", True),
]  # fmt: skip


# Half B was written after the reader read half A.
HALF_B: list[tuple[str, str, bool]] = [
    ("asked", "ANSWER: {L}\n\nExplanation: {t} is what the text says. {W} and {V} are not supported by it.", True),
    ("asked", "Reasoning: it cannot be {W}, which is too narrow.\nFinal Answer: {L}", True),
    ("asked", "ANSWER : **({L})**", True),
    ("asked", "Answer - {L}", True),
    ("asked", "ANSWER: {L}. {t}. This is the only statement that holds.", True),
    ("asked", "**Answer:**\n\n{L}) {t}", True),
    ("asked", "Correct answer: {L} ({t})", True),
    ("asked", "Answer:{L}", True),
    ("asked", "Ans. {L}", True),
    ("asked", "The final answer: {L}", True),
    ("asked", "ANSWER: option {l}", True),
    ("asked", "ANSWER: \"{L}\"", True),
    ("markup", "<b>{L}</b>. {t}", True),
    ("markup", "$\\boxed{{{L}}}$\n\nHere is why: {W} is not general enough.", True),
    ("markup", "\\(\\boxed{{\\text{{{L}. }}}}\\)", True),
    ("markup", '{{"choice": "{L}", "confidence": 0.83, "why_not": "{W} does not apply"}}', True),
    ("markup", '{{"answer": {{"letter": "{L}"}}}}', True),
    ("markup", "{{'final_answer': '{l}'}}", True),
    ("markup", "```python\nanswer = \"{L}\"\n```", True),
    ("markup", "> **{L}**", True),
    ("markup", "| Option | Verdict |\n|---|---|\n| {W} | wrong |\n| {L} | correct |", True),
    ("markup", "**Option {L}**: {t}", True),
    ("markup", "1. The question asks for one thing.\n2. Only one choice gives it.\n\n**{L}**", True),
    ("markup", "<thinking>\nThe user wants a letter. {W} looks right. No, {V}.\n</thinking>\n<answer>\n{L}\n</answer>", True),
    ("markup", "<final>{L}</final>", True),
    ("markup", "_{L}_", True),
    ("label", "[{L}]", True),
    ("label", "{L}:", True),
    ("label", "{l}", True),
    ("label", "{l}.", True),
    ("label", "({l}) {t}", True),
    ("label", "{L} ) {t}", True),
    ("label", "{L}\t{t}", True),
    ("label", "{L}, {t}", True),
    ("label", "{L} ({t})", True),
    ("label", "{L}; because of what the second sentence says.", True),
    ("label", "Choice {L}.", True),
    ("label", "Letter: {L}", True),
    ("label", "{L}\n{t}", True),
    ("label", "{L}\n\n{t}\n\nNo other choice is consistent with the passage.", True),
    ("label", "{L}) {t}\n\n{W}) is not right, since it says the opposite.", True),
    ("text", "\"{t}\"", True),
    ("text", "It's {t}.", True),
    ("text", "Answer: {t}.", True),
    ("text", "{t} ({L})", True),
    ("text", "I believe the answer is \"{t}\", because nothing else would be possible.", True),
    ("text", "Based on the passage, the correct option is {t}", True),
    ("sentence", "Based on the information given, the best choice is {L}.", True),
    ("sentence", "{L} seems to be the most plausible.", True),
    ("sentence", "I am fairly confident that the right option here is {L}.", True),
    ("sentence", "Of the four, {L} fits best.", True),
    ("sentence", "{L} it is.", True),
    ("sentence", "I'll take {L}.", True),
    ("sentence", "Sure! The correct option would be {L}) {t}. Let me know if you have any other questions!", True),
    ("sentence", "Great question! It's {L}: {t}", True),
    ("sentence", "Among the options, only ({L}) satisfies all the conditions.", True),
    ("sentence", "Everything except {L} can be excluded.", True),
    ("sentence", "I don't think it is {W}. I think it is {L}.", True),
    ("sentence", "It can't be {W} because that contradicts the premise, so {L} must be right.", True),
    ("sentence", "The statement that best answers the question is {L}.", True),
    ("sentence", "After weighing {W} against {L}, I would choose {L}.", True),
    ("sentence", "{L}, since neither {W} nor {V} is supported by the text.", True),
    ("sentence", "The answer: {L}, as {W} is false.", True),
    ("sentence", "I'm going with {L} on this one, although {W} is close.", True),
    ("sentence", "Both {W} and {V} miss the point; {L} is what is asked for.", True),
    ("sentence", "My answer would be {L}; I am not completely certain.", True),
    ("sentence", "There is no doubt that {L} is the right choice.", True),
    ("correction", "{W}\n\nWait, I misread the question. It's {L}.", True),
    ("correction", "ANSWER: {W}\n\nOn second thought, {L} is the better answer.\n\nANSWER: {L}", True),
    ("correction", "I initially chose {W}, but after checking I must correct this to {L}.", True),
    ("correction", "The answer is {W}. Sorry, I made a mistake: the answer is {L}.", True),
    ("correction", "{W} looks right at first glance. However, it says the opposite of what is asked. {L} is correct.", True),
    ("correction", "\\boxed{{{W}}}\n\nLet me double-check. That was a slip.\n\n\\boxed{{{L}}}", True),
    ("correction", "Answer: {W}. Correction: {L}.", True),
    ("listing", "Options:\n{options}\n\nThe right one is {L}.", True),
    ("listing", "Question restated: which one holds?\n{options}\n\n{L}", True),
    ("listing", "{marks}", True),
    ("listing", "{options}\n\n{L}) {t}", True),
    ("listing", "Looking at {inline}, I find that {L} is the one.", True),
    ("listing", "{W}) is wrong because it is too broad.\n{V}) is wrong because it is too narrow.\n{L}) is right.", True),
    ("elimination", "We can rule out {rest}. So {L} remains.", True),
    ("elimination", "{rest} do not apply. The answer is {L}.", True),
    ("elimination", "Neither {W} nor {V} can be true. {L} is the only one left.", True),
    ("run-on", "{L}\n\nExplanation: see above.\n\nQuestion 2: Which is largest?\n(A) one\n(B) two\n(C) three\n(D) four\nAnswer: {W}", True),
    ("run-on", " {L}) {t}\n\n### Question:\nWhich is smallest?\nA. one\nB. two\n\n### Answer:\n{W}", True),
    ("run-on", "{L}\n\nWhich of the following sinks in water?\nA. a cork\nB. a stone\nC. a leaf\nD. a feather\nAnswer: {W}", True),
    ("run-on", "{L}<|im_end|>\n<|im_start|>user\nAnother one: A) red B) blue<|im_end|>\n<|im_start|>assistant\n{W}", True),
    ("phantom", "Let A be the area and H the height. Then A = 2 H, and so we get H = A / 2, which is what", False),
    ("phantom", "Given F = ma, we have F(x) = 3 and C(x) = 2. Hence D =", False),
    ("none", "This question cannot be answered from what is given.", False),
    ("none", "Both {L} and {W} are correct.", False),
    ("none", "The answer could be {L} or {W}.", False),
    ("none", "It depends.", False),
    ("none", "As a language model I have no opinion on this.", False),
    ("none", "I would say {L} or maybe {W}.", False),
    ("none", "Is it {L}?", False),
    ("none", "I am torn between {L} and {W}.", False),
    ("none", "{inline}", False),
    ("none", "I can't decide between {L} and {W}.", False),
    ("none", "{W} is wrong.", False),
    ("none", "None of these options is right.", False),
    ("language", "Die Antwort ist {L}, nicht {W}.", True),
    ("language", "Ich denke, {L} ist richtig.", True),
    ("language", "Je pense que c'est la réponse {L}.", True),
    ("language", "La réponse est : {L}) {t}", True),
    ("language", "Creo que la correcta es {L}.", True),
    ("language", "A resposta certa é a letra {L}.", True),
    ("language", "我认为应该选{L}。", True),
    ("language", "选项{L}正确,选项{W}错误。", True),
    ("language", "Думаю, что верный ответ {L}.", True),
    ("language", "정답은 {L}입니다.", True),
    ("language", "Het antwoord is {L}.", True),
    ("language", "La risposta giusta è la {L}.", True),
    ("language", "Wydaje mi się, że to {L}.", True),
    ("language", "الإجابة الصحيحة هي {L}", True),
    ("language", "सही विकल्प {L} है।", True),
    ("cut", "{L}¦) {t}\n\nThis is because of the following reasons. First, the text says so. Second, {W} is about something else, and "
     "third, {V} would be against the rule that the text begins with.", True),
    ("cut", "We need to find which of these holds. Recall that the rule has two parts. The first part excludes {W}. The second part "
     "excludes {V}. Putting this together we find that the answer is ({L}).¦", True),
    ("cut", "Let me go through the choices one by one. {W} says something that is not in the text. {V} is closer, but one word is off. "
     "{L} says just what is in the text. ANSWER: {L}¦", True),
    ("cut", "Sure, I can help with that! The correct answer is {L}¦. The reason is simple: nothing else is consistent with the passage, and "
     "the passage leaves no room for doubt.", True),
    ("cut", "Given: a passage and some choices. Let A denote the area, B the base and C the height. Then A = B C / 2 and so we get C = 2 A / B, "
     "which is the relation that we wanted. Therefore the answer is {L}.¦", True),
]  # fmt: skip


# Written last, to trip the reader up.
ADVERSARIAL: list[tuple[str, str, bool]] = [
    ("asked", "The answer to the question is as follows: {L}", True),
    ("asked", "Answer choice {L}", True),
    ("asked", "Answer: The correct answer is {L}.", True),
    ("asked", "Final answer is {L})", True),
    ("asked", "Therefore, ANSWER: {L}. (Not {W}.)", True),
    ("asked", "answer = ({L})", True),
    ("markup", "[ANSWER] {L} [/ANSWER]", True),
    ("markup", "$$\\text{{Answer: }} \\textbf{{{L}}}$$", True),
    ("markup", '{{"A": "no", "reasoning": "x", "answer": ["{L}"]}}', True),
    ("markup", "answer: {L}\nconfidence: 0.7\nalternatives: [{W}, {V}]", True),
    ("markup", "## Final Answer\n**({L})** {t}", True),
    ("markup", "<answer>{L}) {t}</answer>", True),
    ("label", "{L}. {t}.\n\n(The other options, {W} and {V}, are distractors.)", True),
    ("label", "{L}) {t} is the correct answer.", True),
    ("label", "{L}) {t} because that's what the passage says; it isn't about anything else.", True),
    ("label", "{l}", True),
    ("label", "option {l}) {t}", True),
    ("text", "{t}\n\nThat is what the passage says, and nothing contradicts it.", True),
    ("text", "Correct: {t}", True),
    ("text", "The right choice here is \"{t}\", not \"{w}\".", True),
    ("text", "I choose {t}", True),
    ("text", "\"{w}\" is wrong. \"{t}\" is correct.", True),
    ("sentence", "I would argue for {L}.", True),
    ("sentence", "Most experts would agree with {L}.", True),
    ("sentence", "{L} is more accurate than {W}.", True),
    ("sentence", "Compared with {W}, {L} is the better choice.", True),
    ("sentence", "While {W} may seem right, {L} is what the passage supports.", True),
    ("sentence", "{L}, not {W}.", True),
    ("sentence", "{L} > {W} > {V}, so {L}.", True),
    ("sentence", "Option {L} describes it. Option {W} does not. Option {V} does not either.", True),
    ("sentence", "The answer isn't {W}; it's {L}.", True),
    ("sentence", "No, it is not {W}. It is {L}.", True),
    ("sentence", "You should choose {L} over {W}.", True),
    ("sentence", "The answer is {L} and not {W}.", True),
    ("sentence", "What is asked for is the exception, and the exception is {L}.", True),
    ("sentence", "{L} is not wrong; it is the only one that holds.", True),
    ("correction", "I was going to say {W}, but {L} makes more sense.", True),
    ("correction", "{W}? No. {L}.", True),
    ("correction", "The answer is {W}.\n\nEdit: it should be {L}.", True),
    ("correction", "My first answer was {W}; my final answer is {L}.", True),
    ("listing", "{W}: incorrect\n{L}: correct\n{V}: incorrect", True),
    ("listing", "Possible answers: {inline}.\nThe passage supports {L}.", True),
    ("elimination", "It is not {W}, it is not {V}, and so on; it is {L}.", True),
    ("elimination", "All options but {L} contradict the passage.", True),
    ("run-on", "{L}\nExplanation: clear.\n\nProblem 7. How much is 2 + 2?\nA) 3 B) 4 C) 5\nAnswer: {W}", True),
    ("none", "I could see an argument for {L}, and also one for {W}.", False),
    ("none", "Why not {L}? Why not {W}?", False),
    ("none", "The answer is unclear.", False),
    ("none", "If the rule held, {L} would be correct.", False),
    ("none", "We are given {options}\nand have to say which one holds.", False),
    ("none", "The choices are {L}, {W} and {V}.", False),
    ("language", "Svaret är {L}.", True),
    ("language", "Cevap {L}.", True),
    ("language", "Đáp án đúng là {L}.", True),
    ("language", "Správná odpověď je {L}.", True),
    ("language", "Η σωστή απάντηση είναι το {L}.", True),
    ("language", "Die richtige Antwort ist nicht {W}, sondern {L}.", True),
    ("language", "Ce n'est pas {W}, c'est {L}.", True),
    ("language", "答案不是{W},而是{L}。", True),
    ("language", "No es la {W}, es la {L}.", True),
    ("cut", "The question is about the passage, in which nothing is said of {W}. Looking more closely at the first lines we find that they "
     "speak for {V} no more than for {W}. What they do speak for is the last one. So the answer is {L}.¦", True),
    ("cut", "**Answer: {L}**¦\n\n**Why:** The passage leaves no other way to read it. {W} would need a second witness, {V} would need a third one, "
     "and neither of them is there.", True),
]  # fmt: skip


# A last lot, written after the others were read.
LAST: list[tuple[str, str, bool]] = [
    ("asked", "My answer: {L}", True),
    ("asked", "ANSWER:\n\n**{L}**", True),
    ("asked", "Answer key: {L}", True),
    ("asked", "Q: see above\nA: {L}", True),
    ("asked", "The correct letter is {L}", True),
    ("markup", "{{\"explanation\": \"{W} is wrong because it is not general.\", \"answer\": \"{L}\"}}", True),
    ("markup", "```\n{{answer: {L}}}\n```", True),
    ("markup", "***\n\n**Final answer: \\boxed{{{L}}}**", True),
    ("markup", "<result>{L}</result>", True),
    ("markup", "# {L}. {t}", True),
    ("label", "The correct option: {L}. {t}", True),
    ("label", "{L}.) {t}", True),
    ("label", "Option ({L})", True),
    ("label", "{L} – {t}", True),
    ("label", "{L}) {t}. Explanation: This is the case because no other choice fits.", True),
    ("text", "I think {t}", True),
    ("text", "The answer should be {t}.", True),
    ("text", "My final answer is: {t}", True),
    ("sentence", "We can conclude that {L} is true.", True),
    ("sentence", "So, the answer will be option {L}.", True),
    ("sentence", "I'd pick option {L} here.", True),
    ("sentence", "{L} would be my choice.", True),
    ("sentence", "The passage clearly points to {L}.", True),
    ("sentence", "Hence, option {L} holds, and {W} does not.", True),
    ("sentence", "The only option consistent with the facts is {L} ({t}).", True),
    ("sentence", "This matches option {L}.", True),
    ("sentence", "Thus the correct answer is: ({L}).", True),
    ("sentence", "It's not {W} or {V}. It's {L}.", True),
    ("sentence", "{W} and {V} are both wrong. {L} is right.", True),
    ("sentence", "Unlike {W}, {L} is supported by the facts.", True),
    ("sentence", "Since {W} contradicts the facts, we choose {L}.", True),
    ("correction", "I said {W} before. I now believe the answer is {L}.", True),
    ("correction", "{W} is my answer. Hmm, wait. Looking again, {L} is my answer.", True),
    ("correction", "ANSWER: {W}\nANSWER: {L}", True),
    ("correction", "The answer is {W}, no, sorry, {L}.", True),
    ("listing", "{options}\n\nThe correct answer is {L}) {t}.", True),
    ("listing", "Here are my thoughts on each:\n{comments}\n\nFinal: {L}", True),
    ("elimination", "{rest} can be eliminated.", True),
    ("elimination", "By process of elimination: {L}.", True),
    ("run-on", "{L}\n\nQuestion: {t}?\nAnswer: {W}\n\nQuestion: more\nAnswer: {V}", True),
    ("run-on", "{L}) {t}\n\nUser: Thanks! And what about {W}?\nAssistant: {W} is the answer.", True),
    ("phantom", "Using PV = nRT with V = 2 we find P = 3, where R is the gas constant. So T =", False),
    ("phantom", "The matrix A has rank 2. Let B be its inverse. Then AB = I and so", False),
    ("none", "I need more information to answer.", False),
    ("none", "Sorry, I am not able to choose one.", False),
    ("none", "{L} and {W} are both plausible.", False),
    ("none", "Is {L} the answer, or {W}?", False),
    ("none", "To solve this, consider the first choice.", False),
    ("language", "Antwort: {L}) {t}", True),
    ("language", "La opción correcta es la {L}) {t}.", True),
    ("language", "La bonne réponse est « {L} ».", True),
    ("language", "答案:{L}", True),
    ("language", "正解は{L}です。", True),
    ("language", "Правильный ответ — {L}) {t}.", True),
    ("language", "Resposta: {L}", True),
    ("language", "Vastaus on {L}.", True),
    ("cut", "Step 1: Read the passage. Step 2: Compare it with {W}; the two differ. Step 3: Compare it with {V}; they differ too. "
     "Step 4: Compare it with {L}; they agree in every word. Final answer: {L}¦", True),
    ("cut", "Okay, so I need to find which of these holds. I remember that {W} was about something else, and that there was a rule which "
     "excludes {V}. But I am not sure about that. Let me think again about what is given here.", False),
]  # fmt: skip


ALL = HALF_A + HALF_B + ADVERSARIAL + LAST


def letters_of(choices: Sequence[str]) -> str:
    """The letters that choices are shown with."""
    return string.ascii_uppercase[: len(choices)]


def listing(choices: Sequence[str], form: str = "{L}) {t}") -> str:
    """All choices, line by line."""
    return "\n".join(form.format(L=string.ascii_uppercase[i], t=t) for i, t in enumerate(choices))


def _fields(choices: Sequence[str], answer: int, rng: random.Random) -> dict[str, str]:
    letters = string.ascii_uppercase[: len(choices)]
    others = [i for i in range(len(choices)) if i != answer]
    rng.shuffle(others)
    first, second = others[0], others[1] if len(others) > 1 else others[0]
    rest = [letters[i] for i in sorted(others)]
    bad = ("wrong, that is not what is asked", "incorrect", "no, this does not fit")
    verdicts = [
        f"{letter}) {text}: " + ("this is correct." if i == answer else rng.choice(bad) + ".")
        for i, (letter, text) in enumerate(zip(letters, choices, strict=True))
    ]
    return {
        "L": letters[answer],
        "l": letters[answer].lower(),
        "t": choices[answer],
        "W": letters[first],
        "w": choices[first],
        "V": letters[second],
        "v": choices[second],
        "options": listing(choices),
        "inline": ", ".join(f"({letter}) {text}" for letter, text in zip(letters, choices, strict=True)),
        "rest": rest[0] if len(rest) == 1 else ", ".join(rest[:-1]) + " and " + rest[-1],
        "comments": "\n".join(
            f"{letter}) {text}: "
            + rng.choice(
                ("this is about something else.", "this is often heard.", "one has to look twice here.")
            )
            for letter, text in zip(letters, choices, strict=True)
        ),
        "verdicts": "\n".join(verdicts),
        "marks": "\n".join(
            f"{letter}) {text} {'✅' if i == answer else '❌'}"
            for i, (letter, text) in enumerate(zip(letters, choices, strict=True))
        ),
    }


def cases(
    rows: Sequence[Row],
    templates: Sequence[tuple[str, str, bool]],
    *,
    seed: int = 0,
    shuffle: bool = True,
) -> Iterator[Case]:
    """Each row with each template, the answered choice and the others drawn with the seed."""
    rng = random.Random(seed)
    for row in rows:
        for family, template, counts in templates:
            if ("{V}" in template or "{v}" in template or "{rest}" in template) and len(row.choices) < 3:
                continue
            choices = list(row.choices)
            if shuffle and row.subject != "logic":
                rng.shuffle(choices)
            answer = rng.randrange(len(choices))
            if "{L}" not in template and "{l}" not in template and choices[answer] in letters_of(choices):
                continue  # the text of a choice that is another one's letter
            made = template.format(**_fields(choices, answer, rng))
            told, marked, _ = made.partition("¦")
            whole = made.replace("¦", "")

            def case(text: str, expected: int | None, truncated: bool, name: str) -> Case:
                return Case(family, name, text, tuple(choices), expected, row.subject, truncated)  # noqa: B023

            yield case(whole, answer if counts else None, False, template)
            ends = [token.end() for token in _TOKEN.finditer(whole)] if marked else []
            for cut in (cut for cut in CUTS if cut < len(ends)):
                short = whole[: ends[cut - 1]]
                # A text that ends within the announced choice has no agreed reading.
                if not len(told) - len(choices[answer]) - 6 < len(short) < len(told):
                    reached = len(short) >= len(told)
                    yield case(short, answer if reached else None, True, f"{template} [{cut} tokens]")


def negated(case: Case) -> bool:
    """Whether a choice's own text holds a word of negation."""
    return any(NEGATION.search(choice) for choice in case.choices)
