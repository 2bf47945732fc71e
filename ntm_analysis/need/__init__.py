"""What finishing costs and who pays: what communes lack in each world (:mod:`missing`), the works
that takes and their prices (:mod:`works`), what they add up to (:mod:`need`), who may pay what
(:mod:`pot_sets`), when money comes (:mod:`money`), and money against need (:mod:`funding`).
"""
