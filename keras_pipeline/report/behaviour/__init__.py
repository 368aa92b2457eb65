"""What a sentiment model can and cannot do, skill by skill: sentences of our own, asked of every such model.

In the manner of Ribeiro, Wu, Guestrin and Singh, "Beyond Accuracy: Behavioral Testing of NLP Models with
CheckList" (ACL 2020): minimum functionality, invariance and directional tests. Words and templates are our own.
"""
