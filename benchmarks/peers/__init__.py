"""The other ways to do what this project does, each as good as its owner would make it.

The product never imports them. Each is trained on the same training rows and judged on the same
test part; none sees the test part before.
"""
